// Rows like the users of Airbyte's source-faker: 21 short columns in some 640 bytes.
import { pick, seeded, type Random } from './random.ts'

const seed = 20_240_301
const count = 1_009

/** Returns rows without their first column: the text behind `{"id":<number>,`. */
export function userBodies(): Buffer[] {
  const random = seeded(seed)
  return Array.from({ length: count }, () => Buffer.from(JSON.stringify(user(random)).slice(1)))
}

function user(random: Random): Record<string, unknown> {
  const whole = (from: number, to: number) => from + Math.floor(random() * (to - from))
  const digits = (length: number) => String(whole(10 ** (length - 1), 10 ** length))
  const hex = (length: number) => Array.from({ length }, () => whole(0, 16).toString(16)).join('')
  const date = (from: number, to: number) =>
    `${whole(from, to)}-0${whole(1, 10)}-${whole(10, 29)}T${whole(10, 24)}:${whole(10, 60)}:${whole(10, 60)}+00:00`
  const [first, last] = [pick(random, firstNames), pick(random, lastNames)]
  return {
    uuid: `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`,
    created_at: date(2001, 2012),
    updated_at: date(2012, 2025),
    name: `${first} ${last}`,
    title: pick(random, ['M.Sc.Tech.', 'Ms.', 'Mr.', 'Dr.', 'PhD']),
    age: whole(18, 90),
    email: `${first}.${last}${digits(4)}@example.com`.toLowerCase(),
    telephone: `+1-${digits(3)}-${digits(3)}-${digits(4)}`,
    gender: pick(random, ['Male', 'Female', 'Other', 'Fluid']),
    language: pick(random, ['Portuguese', 'Tamil', 'Swedish', 'Maltese', 'Bengali']),
    academic_degree: pick(random, ['PhD', 'Master', 'Bachelor']),
    nationality: pick(random, ['Italian', 'Guatemalan', 'Estonian', 'Nigerian', 'Danish']),
    occupation: pick(random, ['Roofer', 'Chemist', 'Word Processing Operator', 'Park Ranger', 'Baker']),
    height: `1.${digits(2)}`,
    weight: whole(45, 110),
    blood_type: pick(random, ['O+', 'A−', 'B+', 'AB−']),
    is_active: random() < 0.7,
    has_newsletter: random() < 0.3,
    balance: whole(-500_000, 500_000) / 100,
    address: {
      street_number: digits(3),
      street_name: pick(random, ['Kirkham', 'Princeton', 'Sea View', 'Old Mill', 'Wetmore']),
      city: pick(random, ['Lakewood', 'Saint Louis', 'Grand Rapids', 'Rio Rancho', 'Köln']),
      province: pick(random, ['Ohio', 'Missouri', 'Michigan', 'New Mexico']),
      postal_code: digits(5),
      country_code: pick(random, ['US', 'DE', 'PT']),
    },
  }
}

const firstNames = ['Ana', 'Salvatore', 'Chloe', 'David', 'Emeka', 'Fatima', 'Giulia', 'Hiro', 'Margarete']
const lastNames = ['Sousa', 'Mueller', 'Okafor', 'Smith', 'Nowak', 'Tanaka', 'Garcia', 'Featherstone']

// Records as sources send them: columns of every JSON kind, escapes, numbers, names of many languages, lists of
// small objects and, in large records, a long text. Seeded, so that every bench loads the same.
import { pick, seeded, type Random } from './random.ts'

const seed = 20_240_229
const poolBytes = 4 << 20

/**
 * Returns a pool of `data` objects without their first column: the text behind `{"id":<number>,`. With the column, each
 * has about `size` bytes. The pool is large enough that no cache or branch predictor can learn it.
 */
export function recordBodies(size: number): Buffer[] {
  const random = seeded(seed)
  const count = Math.max(5, Math.min(1_009, Math.floor(poolBytes / size)))
  return Array.from({ length: count }, () => body(random, size - '{"id":1234567,'.length))
}

function body(random: Random, size: number): Buffer {
  // Half of all sources escape what is not ASCII, as Python does; the others send UTF-8.
  const encode = random() < 0.5 ? (value: unknown) => JSON.stringify(value) : escaped
  let columns = ''
  let left = size - 1
  const add = (name: string, json: string) => {
    const column = `${columns === '' ? '' : ','}"${name}":${json}`
    if (Buffer.byteLength(column) > left) return
    columns += column
    left -= Buffer.byteLength(column)
  }
  for (const [name, value] of Object.entries(smallColumns(random))) add(name, encode(value))
  if (left > 400)
    add(
      'orders',
      list(left / 3, () => encode(order(random))),
    )
  const frame = ',"notes":""'.length
  if (left > frame) add('notes', `"${text(random, encode, left - frame)}"`)
  return Buffer.from(`${columns}}`)
}

function smallColumns(random: Random): Record<string, unknown> {
  const name = `${pick(random, firstNames)} ${pick(random, lastNames)}`
  return {
    name,
    age: 18 + Math.floor(random() * 70),
    active: random() < 0.7,
    email: `user${Math.floor(random() * 1e6)}@example.com`,
    score: random() * 100,
    created_at: `2024-0${1 + Math.floor(random() * 9)}-1${Math.floor(random() * 10)}T08:15:30.${Math.floor(random() * 900 + 100)}Z`,
    referrer: random() < 0.5 ? null : 'https://example.com/?q=a&b="c"',
    balance: Math.floor(random() * 1e6) - 5e5,
    tags: [pick(random, words), pick(random, words), pick(random, words)],
    address: {
      street: `${pick(random, lastNames)} ${Math.floor(random() * 200)}`,
      city: pick(random, cities),
      zip: random() < 0.3 ? null : String(10_000 + Math.floor(random() * 9e4)),
      location: [random() * 180 - 90, random() * 360 - 180],
    },
  }
}

function order(random: Random): unknown {
  return {
    sku: `SKU-${Math.floor(random() * 1e5)}`,
    quantity: 1 + Math.floor(random() * 9),
    price: Math.round(random() * 1e5) / 100,
    gift: random() < 0.1,
    comment: random() < 0.7 ? null : `${pick(random, words)} "${pick(random, words)}"`,
  }
}

function list(size: number, item: () => string): string {
  const items: string[] = []
  for (let bytes = 0; bytes < size; bytes += items.at(-1)!.length + 1) items.push(item())
  return `[${items.join(',')}]`
}

/** Returns the inside of a JSON string, of exactly `size` bytes. */
function text(random: Random, encode: (value: unknown) => string, size: number): string {
  const pieces: string[] = []
  let left = size
  for (;;) {
    const chance = random()
    const word = pick(random, chance < 0.02 ? foreignWords : words)
    const space = chance > 0.94 ? (chance > 0.97 ? '\n' : '", "') : ' '
    const piece = encode(word + space).slice(1, -1)
    if (Buffer.byteLength(piece) > left) break
    pieces.push(piece)
    left -= Buffer.byteLength(piece)
  }
  return pieces.join('') + '.'.repeat(left)
}

function escaped(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

const firstNames = [
  'Ana',
  'Björn',
  'Chloé',
  'David',
  'Emeka',
  'Fatima',
  'Giulia',
  'Hiro',
  'Ирина',
  'John',
  '美咲',
]
const lastNames = [
  'Sousa',
  'Ek',
  'Müller',
  "O'Neill",
  'Okafor',
  'Smith',
  'Nowak',
  'Tanaka',
  'Иванова',
  'García',
]
const cities = ['Lisboa', 'Malmö', 'Köln', 'Lagos', 'São Paulo', '東京', 'Boston', 'Kraków', 'New York']
const foreignWords = ['größer', 'naïve', 'señor', 'déjà', '東京都', 'привет', '🙂', 'łódź']
const words = (
  'the order was sent on time but one of its parts did not arrive so we asked the customer to wait until ' +
  'friday and offered a refund which they accepted after a short call with support in the afternoon'
).split(' ')

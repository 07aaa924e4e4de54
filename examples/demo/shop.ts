// The source of the demo: a small web shop with three streams. All values are generated from the row's number and a seeded
// random generator, so that every run writes the same.
import type { CatalogStream } from '../../integration_tests/support/messages.ts'

export type Random = () => number
export type ShopStream = CatalogStream & { rows: number; row: (id: number, random: Random) => object }

export const namespace = 'shop'

export const streams: ShopStream[] = [
  {
    name: 'people',
    namespace,
    mode: 'overwrite',
    syncMode: 'full_refresh',
    schema: objectOf({ id: 'integer', name: 'string', email: 'string', born: 'string', address: 'object' }),
    rows: 40_000,
    row: person,
  },
  {
    name: 'purchases',
    namespace,
    mode: 'append',
    syncMode: 'incremental',
    schema: objectOf({
      id: 'integer',
      person_id: 'integer',
      total: 'number',
      items: 'array',
      shipping: 'object',
    }),
    rows: 110_000,
    row: purchase,
  },
  {
    name: 'reviews',
    namespace,
    mode: 'append',
    syncMode: 'incremental',
    schema: objectOf({
      id: 'integer',
      purchase_id: 'integer',
      stars: 'integer',
      title: 'string',
      text: 'string',
    }),
    rows: 50_000,
    row: review,
  },
]

function person(id: number, random: Random): object {
  const [name, email] = pick(random, names)
  const [city, country] = pick(random, cities)
  return {
    id,
    name,
    email: `${email}.${id}@example.com`,
    born: random() < 0.2 ? null : day(random, 1950, 55),
    address: { street: `${pick(random, streets)} ${between(random, 1, 120)}`, city, country },
    newsletter: random() < 0.4,
  }
}

function purchase(id: number, random: Random): object {
  const items = Array.from({ length: between(random, 1, 3) }, () => {
    const [title, cents] = pick(random, products)
    return { title, quantity: between(random, 1, 4), price: cents / 100 }
  })
  const isDelivered = random() < 0.8
  return {
    id,
    person_id: between(random, 1, 40_000),
    ordered_on: day(random, 2024, 2),
    items,
    total: Math.round(items.reduce((sum, { quantity, price }) => sum + quantity * price * 100, 0)) / 100,
    currency: pick(random, ['EUR', 'USD', 'JPY', 'GBP']),
    coupon: random() < 0.1 ? { code: `SPRING-${between(random, 10, 99)}`, percent: 15 } : null,
    shipping: { carrier: pick(random, ['post', 'bicycle', 'drone']), delivered: isDelivered, note: null },
  }
}

function review(id: number, random: Random): object {
  const [stars, title, text] = pick(random, opinions)
  return {
    id,
    purchase_id: between(random, 1, 110_000),
    stars,
    title,
    text,
    helpful: between(random, 0, 300),
    answer: random() < 0.1 ? { by: 'shop', text: 'Thank you! 💛' } : null,
  }
}

function pick<Item>(random: Random, items: readonly Item[]): Item {
  // The index is below the length, and no list here is empty.
  return items[Math.floor(random() * items.length)] as Item
}

function between(random: Random, lowest: number, highest: number): number {
  return lowest + Math.floor(random() * (highest - lowest + 1))
}

function day(random: Random, fromYear: number, years: number): string {
  const date = Date.UTC(between(random, fromYear, fromYear + years - 1), 0, between(random, 1, 365))
  return new Date(date).toISOString().slice(0, 10)
}

function objectOf(columns: Record<string, string>): Record<string, unknown> {
  const properties = Object.entries(columns).map(([name, kind]) => [name, { type: ['null', kind] }])
  return { type: 'object', properties: Object.fromEntries(properties) }
}

const names = [
  ['Amina Diallo', 'amina'],
  ['Björn Ångström', 'bjorn'],
  ['Chloé Lefèvre', 'chloe'],
  ['Дмитрий Орлов', 'dmitri'],
  ['Ελένη Παππά', 'eleni'],
  ['Fatma Şahin', 'fatma'],
  ['गीता शर्मा', 'gita'],
  ['林美玲', 'meiling'],
  ['Siobhán O’Neill', 'siobhan'],
  ['山田太郎', 'taro'],
] as const

const cities = [
  ['Berlin', 'DE'],
  ['Kraków', 'PL'],
  ['München', 'DE'],
  ['São Paulo', 'BR'],
  ['東京', 'JP'],
  ['Αθήνα', 'GR'],
] as const

const streets = ['Allee', 'High Street', 'Rue de l’Église', 'Ulica Długa', 'Via Roma']

const products = [
  ['Café crème, 250 g', 895],
  ['Fountain pen "Noir"', 4_950],
  ['Notebook A5', 1_290],
  ['Tea bowl 茶碗', 3_400],
  ['Wool socks (2 pairs)', 1_999],
] as const

const opinions = [
  [5, 'Parfait !', 'Livraison rapide, emballage soigné. Je recommande. 👍🏽'],
  [5, '最高です', 'とても気に入りました。また買います 🎉'],
  [4, 'Sehr schön', 'Größe passt genau, nur die Farbe ist etwas heller als im Bild.'],
  [3, 'Okay', 'Does what it says.\nThe lid is a bit loose.'],
  [2, 'Так себе', 'Ждал больше месяца 😕'],
  [1, '¿Dónde está?', 'No ha llegado "todavía"… C:\\pedidos\\2024 dice otra cosa.'],
] as const

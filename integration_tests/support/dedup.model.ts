// A model of deduplication that is independent of the connector, and random changes to compare both with. A change
// knows the rank of its cursor from the way it was made, so the model never parses a cursor.
import type { Random } from './random.ts'

export interface Cursor {
  /** The JSON text of the cursor; undefined if the column is missing. */
  json: string | undefined
  /** The rank of the cursor. Text is ordered by code points; null is below everything. */
  order: bigint | string | null
}

export interface Change {
  /** The text of the primary key, which identifies the row. */
  key: string
  /** The JSON text of the whole record. */
  json: string
  /** The JSON text of each column; columns of nested objects have names with a dot. */
  columns: ReadonlyMap<string, string>
  cursors: { v: Cursor; w: Cursor }
  emittedAt: number
  isDeleted: boolean
}

/** The settings of one run in the catalog. */
export interface Run {
  cursor: 'v' | 'w' | undefined
  generation: number
  minimum: number
}

interface Version {
  change: Change
  order: Cursor['order']
  generation: number
}

export class Model {
  /** The rank of the newest cursor of each row, also of deleted rows. */
  readonly #versions = new Map<string, Version>()
  readonly #deletes: boolean
  #run: Run = { cursor: undefined, generation: 0, minimum: 0 }

  /** With `deletes`, a deletion record removes its row; otherwise it is a row like any other. */
  constructor(deletes: boolean) {
    this.#deletes = deletes
  }

  /** Starts a run. A change of the cursor column makes all cursors unknown, as those of two columns do not compare. */
  begin(run: Run): void {
    if (run.cursor !== this.#run.cursor) for (const version of this.#versions.values()) version.order = null
    this.#run = run
  }

  /** Applies a change and returns its outcome. */
  take(change: Change): 'stale' | 'written' | 'deleted' {
    const { cursor, generation, minimum } = this.#run
    const order = cursor === undefined ? null : change.cursors[cursor].order
    const before = this.#versions.get(change.key)
    if (before !== undefined && before.generation >= minimum) {
      const difference = compare(order, before.order) || change.emittedAt - before.change.emittedAt
      if (difference < 0) return 'stale'
    }
    this.#versions.set(change.key, { change, order, generation })
    return this.#isGone(change) ? 'deleted' : 'written'
  }

  /** Removes the rows of generations below the minimum, at the end of a complete run. */
  end(isComplete: boolean): void {
    if (!isComplete) return
    for (const [key, { generation }] of this.#versions)
      if (generation < this.#run.minimum) this.#versions.delete(key)
  }

  /** The rows by key. */
  get rows(): Change[] {
    const rows = [...this.#versions.values()].map(({ change }) => change)
    return rows
      .filter((change) => !this.#isGone(change))
      .toSorted((one, other) => (one.key < other.key ? -1 : 1))
  }

  get remembered(): number {
    return this.#versions.size
  }

  #isGone({ isDeleted }: Change): boolean {
    return this.#deletes && isDeleted
  }
}

function compare(one: Cursor['order'], other: Cursor['order']): number {
  if (one === null || other === null) return Number(one !== null) - Number(other !== null)
  if (typeof one === 'string' || typeof other === 'string')
    return Buffer.compare(Buffer.from(String(one)), Buffer.from(String(other)))
  return one < other ? -1 : Number(one > other)
}

export const PRIMARY_KEYS = [[['id']], [['id'], ['part']], [['who', 'id']], [['part'], ['who', 'id']]]

export interface Making {
  primaryKey: string[][]
  /** The number of different rows. */
  rows: number
  kind: keyof typeof CURSORS
}

/** Primary keys: numbers, also ones that a double cannot hold, and texts that contain key separators. */
const ID_FORMS = [
  (row: number) => `${row}`,
  (row: number) => `9007199254740993${row}`,
  (row: number) => `"a:${row}%3A"`,
]

export function schemaFor(kind: Making['kind']): Record<string, unknown> {
  const column = kind === 'numeric strings' ? { type: 'string', airbyte_type: 'big_number' } : {}
  return { properties: { id: {}, part: {}, score: {}, v: column, who: { properties: { w: column } } } }
}

/** Makes a random change; `number` is unique to it. */
export function makeChange(random: Random, { primaryKey, rows, kind }: Making, number: number): Change {
  const row = below(random, rows)
  const [id, part] = [ID_FORMS[row % 3]!(row), `"${row % 2 ? '%' : 'ü:'}"`]
  const cursors = { v: cursorOf(random, kind), w: cursorOf(random, kind) }
  const isDeleted = random() < 0.25
  const notDeleted = oneOf(random, ['null', undefined])
  const columns: [name: string, json: string | undefined][] = [
    ['id', id],
    ['part', part],
    ['v', cursors.v.json],
    ['score', String(number)],
    ['note', oneOf(random, [undefined, 'null', '"a note"', '[1,{"a":2.50}]', 'true'])],
    [
      '_ab_cdc_deleted_at',
      isDeleted ? oneOf(random, ['"2024-05-01T10:00:00Z"', '0', 'false', '""']) : notDeleted,
    ],
    ['who.id', id],
    ['who.w', cursors.w.json],
  ]
  const there = columns.filter((column): column is [string, string] => column[1] !== undefined)
  const texts = new Map(there)
  const parts = primaryKey.map((path) => textOf(texts.get(path.join('.'))!))
  const whole = there.filter(([name]) => !name.startsWith('who.')).map(([name, json]) => `"${name}":${json}`)
  const who = there
    .filter(([name]) => name.startsWith('who.'))
    .map(([name, json]) => `"${name.slice(4)}":${json}`)
  return {
    key: parts.length === 1 ? parts[0]! : parts.map(escaped).join(':'),
    json: `{${whole.join(',')},"who":{${who.join(',')}}}`,
    columns: texts,
    cursors,
    emittedAt: 1_700_000_000_000 + below(random, 3),
    isDeleted,
  }
}

/** Returns the text of a string, or the JSON text of any other value. */
export function textOf(json: string): string {
  return json.startsWith('"') ? (JSON.parse(json) as string) : json
}

export function below(random: Random, limit: number): number {
  return Math.floor(random() * limit)
}

export function oneOf<T>(random: Random, items: readonly T[]): T {
  return items[below(random, items.length)]!
}

function escaped(part: string): string {
  return part.replaceAll('%', '%25').replaceAll(':', '%3A')
}

function cursorOf(random: Random, kind: Making['kind']): Cursor {
  if (random() < 0.1) return { json: oneOf(random, ['null', undefined]), order: null }
  return CURSORS[kind](random)
}

/** Cursors with few different values, so that there are ties, written in many ways. */
const CURSORS = {
  integers: (random: Random): Cursor => {
    const order = oneOf(random, [0n, 2n ** 53n, -(2n ** 64n), 10n ** 31n]) + BigInt(below(random, 6))
    return { json: String(order), order }
  },
  decimals: decimalOf,
  'numeric strings': (random: Random): Cursor => {
    const { json, order } = decimalOf(random)
    return { json: random() < 0.5 ? json : `"${json}"`, order }
  },
  timestamps: timestampOf,
  texts: (random: Random): Cursor => {
    // The last four have another order in UTF-16 code units.
    const order = oneOf(random, [
      '',
      '10',
      '9',
      'é',
      'e\u0301',
      'a\u0000',
      '2024-13-01',
      '\ue000',
      '\uffee',
      '😀',
      '😀b',
    ])
    const json = JSON.stringify(order)
    const escapes = Array.from(json, (sign) => (/[\w"\\-]/.test(sign) ? sign : escapesOf(sign))).join('')
    return { json: random() < 0.5 ? json : escapes, order }
  },
}

function escapesOf(sign: string): string {
  const units = Array.from({ length: sign.length }, (_, at) => sign.charCodeAt(at))
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')
}

function decimalOf(random: Random): Cursor {
  const places = below(random, 4)
  const digits = oneOf(random, [0n, 2n ** 60n]) + BigInt(below(random, 12) - 6)
  const order = digits * 10n ** BigInt(6 - places)
  const size = String(digits < 0n ? -digits : digits).padStart(places + 1, '0')
  const at = size.length - places
  const sign = digits < 0n || (digits === 0n && random() < 0.5) ? '-' : ''
  const plain = sign + size.slice(0, at) + (places > 0 ? `.${size.slice(at)}` : '')
  const zeros = places > 0 ? `${plain}00` : `${plain}.0`
  return { json: oneOf(random, [plain, zeros, `${digits}e-${places}`, `${digits}.0E-${places}`]), order }
}

/** Instants around the end of a leap day, with up to picoseconds. */
function timestampOf(random: Random): Cursor {
  const second = Date.UTC(2024, 1, 29, 23, 59, 58) / 1000 + below(random, 4)
  const fraction = oneOf(random, ['', '', '000', '1', '100', '10', '099999999', '123456789012'])
  const order = BigInt(second) * 10n ** 12n + BigInt(fraction.padEnd(12, '0'))
  const [zone, minutes] = oneOf(random, ZONES)
  const local = new Date((second + minutes * 60) * 1000).toISOString().slice(0, 19)
  const isDay = zone === '' && Number(fraction) === 0 && local.endsWith('T00:00:00')
  const time =
    local.replace('T', oneOf(random, ['T', 't', ' '])) + (fraction === '' ? '' : `.${fraction}`) + zone
  return { json: `"${isDay ? local.slice(0, 10) : time}"`, order }
}

/** A timestamp without a zone is in UTC. */
const ZONES: [zone: string, minutes: number][] = [
  ['', 0],
  ['Z', 0],
  ['+02:00', 120],
  ['-0530', -330],
  ['+14', 840],
]

export const CURSOR_KINDS = Object.keys(CURSORS) as Making['kind'][]

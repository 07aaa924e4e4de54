// Random records: few rows, so that records meet, and values that are easily stored wrongly.
import { below, oneOf } from '../support/dedup.model.ts'
import type { Random } from '../support/random.ts'
import { isBuilt } from './rules.ts'
import type { Columns, Value } from './values.ts'

export interface RecordMaking {
  cursorKind: 'numbers' | 'timestamps' | 'texts'
  idKind: 'numbers' | 'texts'
  /** The probability of a record that cannot be written. */
  faults: number
  deletes: number
}

const digits = (text: string | number): Value => ({ digits: String(text) })

export function makeRecord(random: Random, making: RecordMaking, number: number): Columns {
  const maybe = (columns: [string, Value][], probability = 0.8) => (random() < probability ? columns : [])
  return {
    columns: [
      ['id', idOf(random, making)],
      ['group', random() < making.faults ? null : oneOf(random, ['a', 'b', 'x:y%'])],
      ['number', digits(number)],
      ...maybe([['kind', oneOf<Value>(random, ['keep', 'drop', null, digits(1)])]]),
      ...maybe([['n', random() < making.faults ? null : numberOf(random)]], 1 - making.faults),
      ...maybe([['c', random() < 0.1 ? null : cursorOf(random, making)]], 0.95),
      ...maybe([['text', oneOf(random, ['', 'a "quoted" text', 'ü€😀', 'line\nbreak', 'true', '7'])]]),
      ...maybe([['address', addressOf(random)]]),
      ...maybe([['tags', oneOf<Value>(random, [[], ['a', digits('1.50')], { columns: [] }, true, false])]]),
      ...maybe([['until', untilOf(random)]]),
      ...maybe([['_ab_cdc_deleted_at', random() < making.deletes ? '2024-05-01T10:00:00Z' : null]], 0.5),
    ],
  }
}

function idOf(random: Random, { idKind }: RecordMaking): Value {
  const id = 1 + below(random, 5)
  if (idKind === 'texts') return oneOf(random, [`u:${id}`, `%3A${id}`, `${id}`])
  if (!isBuilt('keys.number-form')) return digits(id)
  return digits(oneOf(random, [String(id), `${id}.0`, `${id}e0`, `0.${id}E1`, `${id}0e-1`]))
}

function numberOf(random: Random): Value {
  return digits(oneOf(random, ['1', '2.50', '-0', '12345678901234567', '1e3', '-7.25']))
}

function cursorOf(random: Random, { cursorKind }: RecordMaking): Value {
  const rank = below(random, 4)
  if (cursorKind === 'numbers')
    return digits(oneOf(random, [`${rank}`, `${rank}.0`, `9007199254740992${rank}`]))
  if (cursorKind === 'texts') return oneOf(random, ['', '10', '9', 'é', `t${rank}`])
  return oneOf(random, [
    `2024-03-0${1 + rank}T01:00:00+02:00`,
    `2024-03-0${1 + rank}`,
    `2024-03-0${1 + rank}T00:00:00.5Z`,
  ])
}

function addressOf(random: Random): Value {
  if (random() < 0.1) return null
  const city = oneOf<Value>(random, ['Bern', null, digits('1.0')])
  return {
    columns: [
      ['city', city],
      ['geo', { columns: [['lat', digits('47.50')]] }],
    ],
  }
}

/** Times of expiry: decades away, past, or none. */
function untilOf(random: Random): Value {
  return oneOf<Value>(random, ['2099-01-01T00:00:00Z', digits('4102444800000'), '2001-01-01T00:00:00Z', null])
}

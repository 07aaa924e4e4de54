// Computes the keys that Redis must hold after the runs of a case, from the records that were sent and the states that were
// acknowledged. It uses no code of the connector.
import type { MatrixLayout } from './matrix-layouts.ts'
import type { MatrixMode } from './matrix-modes.ts'
import type { SentRecord } from './matrix-records.ts'

/** One run of the connector over the new records. */
export interface Attempt {
  /** The number of records before the first one that it was sent. */
  from: number
  /** The number of records before the last state that it acknowledged. */
  acknowledged: number
  isKilled: boolean
}

export interface Written {
  layout: MatrixLayout
  mode: MatrixMode
  old: readonly SentRecord[]
  sent: readonly SentRecord[]
  attempts: readonly Attempt[]
}

/** Returns a description of the first thing that is wrong; undefined if nothing is. */
export function wrongWith(written: Written, contents: ReadonlyMap<string, string[]>): string | undefined {
  const { layout, mode } = written
  if (layout.shape(mode.name) === 'rows') return wrongRows(expectedRows(written), contents)
  const isKept = !mode.replaces
  const keys = new Set([...contents.keys(), ...written.sent.map((sent) => layout.locate(sent, mode.name))])
  for (const key of keys) {
    const of = (records: readonly SentRecord[]): SentRecord[] =>
      records.filter((one) => layout.locate(one, mode.name) === key)
    const old = isKept ? of(written.old).map((one) => layout.store(one, undefined, mode.name)) : []
    const found = contents.get(key) ?? []
    const different = old.findIndex((text, at) => text !== found[at])
    if (different !== -1) return `${key}: older record ${different + 1} is ${found[different]}`
    const wrong = wrongAttempts(written, of, found.slice(old.length))
    if (wrong !== undefined) return `${key}: ${wrong}`
  }
  return undefined
}

/** Returns the last content of each location. */
function expectedRows({ layout, mode, old, sent }: Written): Map<string, string> {
  const rows = new Map<string, string>()
  const winners = new Map<string, SentRecord>()
  const mustExist = mode.name === 'update' || mode.name === 'soft_delete'
  const take = (one: SentRecord, isUpdate: boolean): void => {
    const location = layout.locate(one, mode.name)
    const winner = winners.get(location)
    if (mode.name === 'append_dedup' && winner !== undefined && winner.cursor > one.cursor) return
    winners.set(location, one)
    if (one.isDeleted) rows.delete(location)
    else if (!isUpdate || rows.has(location))
      rows.set(location, layout.store(one, rows.get(location), isUpdate ? mode.name : storedMode(mode)))
  }
  if (!mode.replaces) for (const one of old) take(one, false)
  for (const one of sent) take(one, mustExist)
  return rows
}

/** The older records are appended before rows are updated. */
function storedMode({ name }: MatrixMode): MatrixMode['name'] {
  return name === 'update' || name === 'soft_delete' ? 'append' : name
}

function wrongRows(
  expected: Map<string, string>,
  contents: ReadonlyMap<string, string[]>,
): string | undefined {
  for (const [location, text] of expected) {
    const found = contents.get(location)?.[0]
    if (found === undefined) return `${location} is missing, instead of ${text}`
    if (found !== text) return `${location} is ${found}, instead of ${text}`
  }
  const surplus = [...contents.keys()].find((location) => !expected.has(location))
  return surplus === undefined ? undefined : `${surplus} is there: ${contents.get(surplus)?.[0]}`
}

/**
 * Compares what is behind the older records of a key. The last attempt has written each of its records once. Records that
 * an earlier one had written behind its last state are there as well; those before it are there in any case.
 */
function wrongAttempts(
  { layout, mode, sent, attempts }: Written,
  of: (records: readonly SentRecord[]) => SentRecord[],
  found: readonly string[],
): string | undefined {
  const shape = layout.shape(mode.name)
  const text = (one: SentRecord): string => layout.store(one, undefined, mode.name)
  const last = attempts.at(-1)!
  const tail = of(sent.slice(last.from)).map(text)
  const wrongTail = wrongList(tail, found.slice(Math.max(0, found.length - tail.length)))
  if (wrongTail !== undefined) return `of the last run, ${wrongTail}`
  let rest = found.slice(0, found.length - tail.length)
  for (const attempt of attempts.slice(0, -1).toReversed()) {
    const must = of(sent.slice(attempt.from, attempt.acknowledged)).map(text)
    const may = of(sent.slice(attempt.acknowledged)).map(text)
    // The records behind the last state come last, each at most once and in order; on a cluster some may be missing.
    const surplus = orderedTail(may, rest)
    if (shape === 'lists' && wrongList(may.slice(0, surplus.length), surplus) !== undefined)
      return `records behind a state were written out of order by a killed run: ${surplus.join(' ')}`
    rest = rest.slice(0, rest.length - surplus.length)
    const wrong = wrongList(must, rest.slice(Math.max(0, rest.length - must.length)))
    if (wrong !== undefined) return `of the run that acknowledged ${attempt.acknowledged}, ${wrong}`
    rest = rest.slice(0, rest.length - must.length)
  }
  return rest.length === 0 ? undefined : `${rest[0]} is there once more, or too early`
}

/** Returns the longest end of `found` whose items are all in `may`, in the same order. */
function orderedTail(may: readonly string[], found: readonly string[]): string[] {
  const positions = new Map(may.map((text, at) => [text, at]))
  let from = found.length
  for (let next = Infinity; from > 0; from--) {
    const position = positions.get(found[from - 1]!)
    if (position === undefined || position >= next) break
    next = position
  }
  return found.slice(from)
}

function wrongList(expected: readonly string[], found: readonly string[]): string | undefined {
  const at = expected.findIndex((text, index) => text !== found[index])
  if (at !== -1)
    return (
      `record ${at + 1} of ${expected.length} is ${found[at]}, instead of ${expected[at]}; ` +
      `all are ${numbersIn(found)}, instead of ${numbersIn(expected)}`
    )
  return found.length === expected.length
    ? undefined
    : `there are ${found.length}, instead of ${expected.length}`
}

/** Returns the numbers of records, which say more than their texts. */
function numbersIn(texts: readonly string[]): string {
  return texts.map((text) => /"n":"?(\d+)/.exec(text)?.[1] ?? '?').join(' ')
}

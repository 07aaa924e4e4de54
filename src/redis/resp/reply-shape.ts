/** The replies that a command can have. An error is always one of them, unless it stands within an array. */

export interface ReplyShape {
  /** The most bytes of a simple string. */
  readonly status?: number
  /** The range of an integer, both ends included. */
  readonly integer?: readonly [least: number, most: number]
  /** The most bytes of a bulk string. */
  readonly bulk?: number
  /** Whether it may be null. */
  readonly isNullable?: boolean
  readonly array?: ArrayShape
}

interface ArrayShape {
  /** The number of elements, both ends included. */
  readonly sizes: readonly [least: number, most: number]
  /** Whether the elements are pairs. */
  readonly isOfPairs?: boolean
  /** Whether an element may be an error. */
  readonly hasErrors?: boolean
  /** The shapes of the first elements; the last one is that of all others, too. */
  readonly of: readonly ReplyShape[]
}

/** Nothing that a command asks for is longer, and memory has to have room for it several times. */
export const MOST_REPLY_BYTES = 16 << 20

/** Simple strings are a few words. */
const STATUS = 64

const MOST_ELEMENTS = 100_000
const SAFE = Number.MAX_SAFE_INTEGER

export const OK: ReplyShape = { status: STATUS }
export const OK_OR_NULL: ReplyShape = { status: STATUS, isNullable: true }
export const INTEGER: ReplyShape = { integer: [-SAFE, SAFE] }
export const COUNT: ReplyShape = { integer: [0, SAFE] }
export const ZERO_OR_ONE: ReplyShape = { integer: [0, 1] }
/** Servers of other makes send short texts as simple strings, too. */
export const TEXT: ReplyShape = { status: STATUS, bulk: MOST_REPLY_BYTES }
export const TEXT_OR_NULL: ReplyShape = { ...TEXT, isNullable: true }
export const TEXTS: ReplyShape = arrayOf([TEXT])
export const PAIRS: ReplyShape = { array: { sizes: [0, MOST_ELEMENTS], isOfPairs: true, of: [TEXT] } }
/** The replies to `HSCAN` and its like: the next cursor, and items. */
export const SCANNED: ReplyShape = arrayOf([{ bulk: 20 }, TEXTS], [2, 2])

/** Accepts the reply of a script: a number, or the reply of the write command that it calls, such as the id of an entry. */
export const RESULT: ReplyShape = { status: STATUS, bulk: 64, integer: [-SAFE, SAFE], isNullable: true }

const SINGLE: ReplyShape = { ...TEXT_OR_NULL, integer: [-SAFE, SAFE] }

/** Any reply of a moderate size; for commands of which only an error matters. */
export const ANY: ReplyShape = nested(4)

/** Returns the reply to `EXEC` behind commands with these replies. */
export function executed(commands: readonly ReplyShape[]): ReplyShape {
  return { array: { sizes: [commands.length, commands.length], hasErrors: true, of: commands } }
}

export function arrayOf(
  of: readonly ReplyShape[],
  sizes: readonly [number, number] = [0, MOST_ELEMENTS],
): ReplyShape {
  return { array: { sizes, of } }
}

function nested(depth: number): ReplyShape {
  return depth === 0
    ? SINGLE
    : { ...SINGLE, array: { sizes: [0, MOST_ELEMENTS], hasErrors: true, of: [nested(depth - 1)] } }
}

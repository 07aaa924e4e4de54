/** Replaces a write by smaller ones, and puts their results together as its own. */
import type { ConnectorError } from '../../errors.ts'
import type { TransactionRequest, WriteRequest } from '../sequencing/pipeline-request.ts'
import type { WriteResult } from '../session/write-pipeline.ts'
import { InFlightWrite } from './in-flight-write.ts'

/** A command from this size on is sent apart. No limit of a Redis server can be set lower. */
export const LARGE_BYTES = 1 << 20

type Splittable = InFlightWrite<WriteRequest | TransactionRequest>

/** Returns whether a write changes data by commands of the caller, and has not been answered before. */
export function canSplit(write: InFlightWrite): write is Splittable {
  const { kind } = write.request
  return (kind === 'write' || kind === 'transaction') && !write.hasReplies
}

/**
 * Returns writes of at most `mostBytes` each, of which only the first command may be large; undefined if the write is
 * small enough. A command that belongs to the one before it is not sent apart from that.
 */
export function splitWrite(write: InFlightWrite, mostBytes: number): InFlightWrite[] | undefined {
  if (!canSplit(write)) return undefined
  const { commands } = write.request
  const pieces: number[][] = []
  let [piece, size]: [number[], number] = [[], 0]
  for (let index = 0; index < commands.count; index++) {
    const added = commands.sizeOf(index)
    const isTooMuch = size + added > mostBytes || added >= LARGE_BYTES
    if (piece.length > 0 && isTooMuch && !isTied(write, index)) {
      pieces.push(piece)
      ;[piece, size] = [[], 0]
    }
    piece.push(index)
    size += added
  }
  return pieces.length === 0 ? undefined : replaced(write, [...pieces, piece], [])
}

/** Returns a write without one of its commands, which counts as refused; none if it has no other. */
export function withoutCommand(write: Splittable, index: number, error: ConnectorError): InFlightWrite[] {
  const others = Array.from({ length: write.request.commands.count }, (_, other) => other)
  others.splice(index, 1)
  return replaced(write, others.length === 0 ? [] : [others], [{ index, error }])
}

/** Returns the index of the largest command, and its size. */
export function largestCommand({ commands }: WriteRequest | TransactionRequest): {
  index: number
  bytes: number
} {
  let largest = { index: 0, bytes: 0 }
  for (let index = 0; index < commands.count; index++) {
    const bytes = commands.sizeOf(index)
    if (bytes > largest.bytes) largest = { index, bytes }
  }
  return largest
}

/** Plain commands may be sent apart from each other; within a transaction, what follows a command up may not. */
function isTied({ request }: Splittable, index: number): boolean {
  return request.kind === 'transaction' && request.commands.isFollowUp(index)
}

function replaced(
  write: Splittable,
  pieces: readonly number[][],
  rejections: WriteResult['rejections'],
): InFlightWrite[] {
  const { request, result } = write
  const parts = pieces.map(
    (indexes) => new InFlightWrite({ ...request, commands: request.commands.pick(indexes) }),
  )
  result.rejections.push(...rejections)
  const merged = Promise.all(parts.map(({ promise }) => promise)).then((results) => {
    if (request.isCounted) result.done = Array.from({ length: request.commands.count }, () => 0)
    for (const [at, part] of results.entries()) merge(result, part, pieces[at]!)
    write.resolve()
  })
  merged.catch(write.reject)
  return parts
}

function merge(result: WriteResult, part: WriteResult, indexes: readonly number[]): void {
  for (const { index, error } of part.rejections) result.rejections.push({ index: indexes[index]!, error })
  for (const [at, count] of part.done.entries()) result.done[indexes[at]!] = count
  if (part.isUnseen === true) result.isUnseen = true
}

/**
 * Which numbers belong to which of Airbyte's generations: ids, where records have them, else the numbers of runs. They
 * are consecutive, so a generation is all numbers from its first one on, up to the next generation's: no record has
 * to carry a mark. An attempt that is made again goes on with the generation of the one before.
 */
import type { SyncStream } from '../../protocol/airbyte/catalog.ts'

export interface Generation {
  generation: number
  /** The first number that it gave out. */
  first: number
}

/** Reads the connector's note; what came before the first generation noted is older than all of them. */
export function readGenerations(note: string | null): Generation[] {
  if (note === null || note === '') return []
  return note.split(' ').map((text) => {
    const [generation, first] = text.split('@')
    return { generation: Number(generation), first: Number(first) }
  })
}

export function writeGenerations(generations: readonly Generation[]): string {
  return generations.map(({ generation, first }) => `${generation}@${first}`).join(' ')
}

/** With a generation that a run writes, whose next number is `next`; the same list where it goes on with the last. */
export function withGeneration(
  known: readonly Generation[],
  generation: number | undefined,
  next: number,
): Generation[] {
  if (generation === undefined || known.at(-1)?.generation === generation) return [...known]
  // One that has given out no numbers is of no more interest.
  return [...known.filter(({ first }) => first < next), { generation, first: next }]
}

/** The first number that is kept by a run that replaces what was there, and whose next number is `next`. */
export function keptFrom(
  { minimumGeneration, generation }: SyncStream,
  known: readonly Generation[],
  next: number,
): number {
  // An overwrite without a minimum keeps what it writes, and that alone; a host that knows no generations makes each
  // attempt from the beginning.
  const minimum = minimumGeneration > 0 ? minimumGeneration : generation
  return (minimum === undefined ? undefined : firstKept(known, minimum)) ?? next
}

/** The first number that is kept where generations below `minimum` are not. */
export function firstKept(known: readonly Generation[], minimum: number): number | undefined {
  return known.find(({ generation }) => generation >= minimum)?.first
}

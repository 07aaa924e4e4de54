/**
 * Which numbers belong to which of Airbyte's generations: ids where keys are made of them, else the numbers of runs.
 * They are consecutive, so a generation is all numbers from its first one up to the first one of the next generation,
 * and records need not carry it. A run that is repeated continues the generation of the run before.
 */
import type { SyncStream } from '../../protocol/airbyte/catalog.ts'

export interface Generation {
  generation: number
  /** Its first id, or its first run. */
  first: number
}

/** Reads `<generation>@<first> …`. Numbers below the first one are older than all generations. */
export function readGenerations(text: string | undefined): Generation[] {
  if (text === undefined || text === '') return []
  return text.split(' ').map((pair) => {
    const [generation, first] = pair.split('@')
    return { generation: Number(generation), first: Number(first) }
  })
}

export function writeGenerations(generations: readonly Generation[]): string {
  return generations.map(({ generation, first }) => `${generation}@${first}`).join(' ')
}

/** Returns the generations and that of a run whose next number is `next`; the same ones where it continues the last. */
export function withGeneration(
  earlier: readonly Generation[],
  generation: number | undefined,
  next: number,
): Generation[] {
  if (generation === undefined || earlier.at(-1)?.generation === generation) return [...earlier]
  // A generation without numbers is not needed any more.
  return [...earlier.filter(({ first }) => first < next), { generation, first: next }]
}

/** Returns the first number that a replacing run keeps, where `next` is its next number. */
export function keptFrom(
  { minimumGeneration, generation }: SyncStream,
  generations: readonly Generation[],
  next: number,
): number {
  // An overwrite without a minimum keeps only its own generation; a platform without generations starts each run from
  // the beginning.
  const minimum = minimumGeneration > 0 ? minimumGeneration : generation
  return (minimum === undefined ? undefined : firstKept(generations, minimum)) ?? next
}

/** Returns the first number of the generations from `minimum` on. */
export function firstKept(generations: readonly Generation[], minimum: number): number | undefined {
  return generations.find(({ generation }) => generation >= minimum)?.first
}

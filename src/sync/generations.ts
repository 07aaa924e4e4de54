/**
 * Which ids belong to which of Airbyte's generations. Ids are consecutive, so a generation is all ids from its first
 * one on, up to the next generation's: no record has to carry a mark. An attempt that is made again goes on with the
 * generation of the one before.
 */

export interface Generation {
  generation: number
  /** The first id that it gave out. */
  first: number
}

/** Reads the connector's note; what came before the first generation noted is older than all of them. */
export function readGenerations(note: string | null): Generation[] {
  if (note === null) return []
  return note.split(' ').map((text) => {
    const [generation, first] = text.split('@')
    return { generation: Number(generation), first: Number(first) }
  })
}

export function writeGenerations(generations: readonly Generation[]): string {
  return generations.map(({ generation, first }) => `${generation}@${first}`).join(' ')
}

/** With a generation that a run writes, whose next id would be `next`; the same list where it goes on with the last. */
export function withGeneration(known: readonly Generation[], generation: number, next: number): Generation[] {
  if (known.at(-1)?.generation === generation) return [...known]
  // One that has given out no ids is of no more interest.
  return [...known.filter(({ first }) => first < next), { generation, first: next }]
}

/** The first id that is kept where generations below `minimum` are not. */
export function firstKept(known: readonly Generation[], minimum: number): number | undefined {
  return known.find(({ generation }) => generation >= minimum)?.first
}

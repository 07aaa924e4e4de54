// The dimensions of the fault matrix, and what is a case of it: everything about a case follows from its seed.
import { randomFrom, type Random } from '../support/random.ts'
import type { Phase } from './fault-trigger.ts'
import { FAULTS, type Fault } from './matrix-faults.ts'
import { LAYOUTS, type MatrixLayout } from './matrix-layouts.ts'
import { MODES, type MatrixMode } from './matrix-modes.ts'
import { TOPOLOGY_NAMES, type TopologyName } from './topology.ts'

export interface MatrixCase {
  seed: number
  layout: MatrixLayout
  mode: MatrixMode
  topology: TopologyName
  fault: Fault
  random: Random
}

/** All combinations that are valid, in an order that never changes within a version of this file. */
const COMBINATIONS = LAYOUTS.flatMap((layout) =>
  MODES.filter((mode) => layout.modes.includes(mode.name)).flatMap((mode) =>
    TOPOLOGY_NAMES.flatMap((topology) =>
      FAULTS.filter((fault) => fault.topologies.includes(topology)).map((fault) => ({
        layout,
        mode,
        topology,
        fault,
      })),
    ),
  ),
)

/** Returns the case of a seed: the combination is its remainder, all else is drawn from it. */
export function caseOf(seed: number): MatrixCase {
  return { seed, ...COMBINATIONS[seed % COMBINATIONS.length]!, random: randomFrom(seed) }
}

/** The commands with which a replace ends: of one server, and of a cluster, which has markers on each node. */
const REPLACE_ENDS = { rows: [30, 60], lists: [34, 60], ids: [15, 80] } as const

/** Returns about how many commands of a case a fault can begin before. */
export function commandsIn(phase: Phase, { layout, mode, topology }: MatrixCase): number {
  const shape = layout.shape(mode.name)
  const nodes = topology === 'cluster' ? 1 : 0
  switch (phase) {
    case 'start':
      return shape === 'lists' ? 16 : 11
    case 'records':
      return 24
    case 'end':
      return mode.replaces ? REPLACE_ENDS[shape][nodes] : [10, 20][nodes]!
  }
}

/** The pairs that the matrix counts. */
export function pairsOf({
  layout,
  mode,
  topology,
  fault,
}: Pick<MatrixCase, 'layout' | 'mode' | 'topology' | 'fault'>): string[] {
  return [layout.name, mode.name, topology].map((other) => pairName(other, fault.name))
}

export function pairName(other: string, fault: string): string {
  return `${other} × ${fault}`
}

/** All pairs that a valid case has. */
export const PAIRS: ReadonlySet<string> = new Set(COMBINATIONS.flatMap(pairsOf))

/**
 * Returns the seeds of `count` cases. Each case is the one of some random combinations whose pairs are the rarest so far,
 * so that no pair is left to luck.
 */
export function chooseSeeds(firstSeed: number, count: number): number[] {
  const random = randomFrom(firstSeed)
  const counts = new Map([...PAIRS].map((pair) => [pair, 0]))
  const rarity = (at: number): number =>
    pairsOf(COMBINATIONS[at]!).reduce((sum, pair) => sum + 1 / (1 + counts.get(pair)!) ** 2, 0)
  return Array.from({ length: count }, () => {
    const candidates = Array.from({ length: 200 }, () => Math.floor(random() * COMBINATIONS.length))
    const rarities = candidates.map(rarity)
    const chosen = candidates[rarities.indexOf(Math.max(...rarities))]!
    for (const pair of pairsOf(COMBINATIONS[chosen]!)) counts.set(pair, counts.get(pair)! + 1)
    return chosen + COMBINATIONS.length * Math.floor(random() * 100_000)
  })
}

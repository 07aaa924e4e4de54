// Random faults in the middle of runs, in every layout, sync mode and topology: each acknowledged record is there as
// promised, and nothing else. A failed case prints its seed; FAULT_SEED=<seed> repeats it.
import { afterAll, expect, it } from 'vitest'
import { caseCount } from '../src/case-count.support.ts'
import { CountTable } from './faults/count-table.ts'
import { caseOf, chooseSeeds, type MatrixCase } from './faults/matrix-case.ts'
import { runCase } from './faults/run-case.ts'
import { startTopology } from './faults/start-topology.ts'
import { TOPOLOGY_NAMES, type Topology, type TopologyName } from './faults/topology.ts'

const CASES = Number(process.env['FAULT_CASES'] ?? caseCount(24, 1_500))

/** The servers of each topology that cases run on at the same time. */
const SETS_OF_SERVERS = caseCount(1, 2)

/** The number of runs that each pair has at least in `npm run test:long`. */
const RUNS_PER_PAIR = 3

const given = process.env['FAULT_SEED']
/** The same cases in every run of `npm test`; others each time in `npm run test:long`. */
const firstSeed = caseCount(1, Math.floor(Math.random() * 2 ** 31))
const seeds = given === undefined ? chooseSeeds(firstSeed, CASES) : given.split(',').map(Number)

const table = new CountTable()
const started = new Set<Topology>()

afterAll(async () => {
  console.log(table.text)
  await Promise.all([...started].map((topology) => topology.stop()))
})

it(
  'every acknowledged record is there as promised, and nothing else, whatever fails',
  async () => {
    const cases = seeds.map(caseOf)
    const failures = (
      await Promise.all(
        TOPOLOGY_NAMES.flatMap((name) => {
          const queue = cases.filter(({ topology }) => topology === name)
          const sets = Math.min(queue.length, SETS_OF_SERVERS)
          return Array.from({ length: sets }, () => runQueue(name, queue))
        }),
      )
    ).flat()
    expect(failures.join('\n\n')).toBe('')
    if (CASES >= caseCount(Infinity, 1_500)) expect(table.rarerThan(RUNS_PER_PAIR)).toEqual([])
  },
  caseCount(300_000, 7_200_000),
)

/** Runs the cases that are left, one after the other. Returns a description of each that failed. */
async function runQueue(name: TopologyName, queue: MatrixCase[]): Promise<string[]> {
  const failures: string[] = []
  let topology: Topology | undefined
  for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
    if (topology === undefined) started.add((topology = await startTopology(name)))
    try {
      table.add(one, await runCase(one, topology))
    } catch (error) {
      const { layout, mode, fault, seed } = one
      const title = `FAULT_SEED=${seed}: ${layout.name}, ${mode.name}, ${name}, ${fault.name}`
      failures.push(`${title}: ${error instanceof Error ? error.message : String(error)}`)
      console.error(failures.at(-1))
      table.add(one, true)
      // The fault may have left the servers as they are in no other case.
      started.delete(topology)
      await topology.stop()
      topology = undefined
    }
  }
  return failures
}

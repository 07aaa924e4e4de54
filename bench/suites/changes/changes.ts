// Measures what costs more than an append: one row per primary key, rows that vanish, lists that are swapped.
import type { Bench } from '../../loads/measure.ts'
import { measureEach } from '../../loads/measure-each.ts'
import { measureStartUp } from '../../loads/start-up.ts'
import { two, type Section } from '../../report/table.ts'
import { measureDedup } from './dedup.ts'
import { measureMirror, measureVanished } from './mirror.ts'
import { measureIndexMemory } from './index-memory.ts'
import { measureSwap } from './swap.ts'

const others = [
  { name: 'full refresh', measure: measureMirror },
  { name: 'rows that vanished', measure: measureVanished },
  { name: 'swap', measure: measureSwap },
  { name: 'key index', measure: measureIndexMemory },
]

export async function measureChanges(bench: Bench): Promise<Section> {
  const startUp = await measureStartUp(bench)
  const dedup = await measureDedup(bench, startUp.wall)
  const { rows, leftOut } = await measureEach(
    others,
    ({ name }) => name,
    async ({ measure }) => measure(bench, startUp.wall),
  )
  return {
    title: 'Changes',
    tables: [...dedup.tables, ...rows],
    notes: [
      'Records of 640 B and their cursor; for the key index, of 100 B. Keys are `public:users:<1 to 7 digits>`.',
      `Starting the connector takes ${two(startUp.wall)} s, and counts in full but in _once started_.`,
      'Bytes: MEMORY USAGE of the hashes of the key index, and of the sorted sets with the expiry of its entries.',
      ...dedup.leftOut,
      ...leftOut,
    ],
  }
}

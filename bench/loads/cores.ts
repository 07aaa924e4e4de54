// Confines processes to some of the machine's cores, by taskset, which only Linux has.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { Missing } from '../left-out.ts'

const run = promisify(execFile)

/** Returns the cores that this process may use; throws where there is no taskset. */
export async function usableCores(): Promise<number[]> {
  const { stdout } = await run('taskset', ['-cp', String(process.pid)]).catch(() => {
    throw new Missing('There is no taskset, which only Linux has.')
  })
  const list = stdout.trim().split(' ').at(-1)!
  return list.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number)
    return Array.from({ length: last! - first! + 1 }, (_, index) => first! + index)
  })
}

/** Returns the command that starts another one on these cores only. */
export function onCores(cores: readonly number[], command: string[]): string[] {
  return ['taskset', '-c', cores.join(','), ...command]
}

/** Moves all threads of a process to these cores. */
export async function moveToCores(cores: readonly number[], pid: number): Promise<void> {
  await run('taskset', ['-acp', cores.join(','), String(pid)])
}

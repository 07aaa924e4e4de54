// Measures from outside what a process uses, for programs that do not tell it. Only Linux has the files that are read;
// elsewhere the figures are not numbers.
import { readdirSync, readFileSync } from 'node:fs'

export type Resources = { cpuSeconds: number; peakMb: number }

const ticksPerSecond = 100
const pollMs = 20
const sampleMs = 50

/** Measures the one process that is started during `run`. */
export async function withResources<Run>(
  run: (started: (pid: number) => void) => Promise<Run>,
): Promise<Run & Resources> {
  const before = childrenCpuSeconds()
  let peakKb = Number.NaN
  let polling: NodeJS.Timeout | undefined
  try {
    const result = await run((pid) => {
      polling = setInterval(() => (peakKb = memoryOf(pid, 'VmHWM') ?? peakKb), pollMs)
    })
    return { ...result, cpuSeconds: childrenCpuSeconds() - before, peakMb: (peakKb * 1024) / 1e6 }
  } finally {
    clearInterval(polling)
  }
}

export type MemorySample = { seconds: number; mb: number }

/** Samples the resident memory of the one process that is started during `run`. */
export async function withMemorySamples<Run>(
  run: (started: (pid: number) => void) => Promise<Run>,
): Promise<Run & { samples: MemorySample[] }> {
  const samples: MemorySample[] = []
  let sampling: NodeJS.Timeout | undefined
  try {
    const result = await run((pid) => {
      const start = performance.now()
      sampling = setInterval(() => {
        const kb = memoryOf(pid, 'VmRSS')
        if (kb !== undefined)
          samples.push({ seconds: (performance.now() - start) / 1000, mb: (kb * 1024) / 1e6 })
      }, sampleMs)
    })
    return { ...result, samples }
  } finally {
    clearInterval(sampling)
  }
}

/** Returns the processor time so far of all threads of a process; one that ends meanwhile is not counted. */
export function cpuSecondsOf(pid: number): number {
  const threads = procThreads(pid).flatMap((thread) => procFile(`${pid}/task/${thread}/schedstat`) ?? [])
  const nanoseconds = threads.map((line) => Number(line.split(' ')[0]))
  return nanoseconds.length === 0 ? Number.NaN : nanoseconds.reduce((sum, one) => sum + one, 0) / 1e9
}

/** Returns the processor time of all children that have ended, user and system. */
function childrenCpuSeconds(): number {
  // Behind the name of the program, which may contain anything, are the third field and those that follow.
  const fields = procFile('self/stat')?.split(') ').at(-1)?.split(' ')
  return (Number(fields?.[13]) + Number(fields?.[14])) / ticksPerSecond
}

/** Returns the highest or the current memory in KB; undefined once the process has ended. */
function memoryOf(pid: number, figure: 'VmHWM' | 'VmRSS'): number | undefined {
  const kb = new RegExp(`^${figure}:\\s+(\\d+) kB`, 'm').exec(procFile(`${pid}/status`) ?? '')?.[1]
  return kb === undefined ? undefined : Number(kb)
}

function procThreads(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    return []
  }
}

function procFile(name: string): string | undefined {
  try {
    return readFileSync(`/proc/${name}`, 'utf8')
  } catch {
    return undefined
  }
}

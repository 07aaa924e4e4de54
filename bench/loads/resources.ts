// Measures from outside what a process uses, for programs that do not tell it. Only Linux has the files that are read;
// elsewhere the figures are not numbers.
import { readFileSync } from 'node:fs'

export type Resources = { cpuSeconds: number; peakMb: number }

const ticksPerSecond = 100
const pollMs = 20

/** Measures the one process that is started during `run`. */
export async function withResources<Run>(
  run: (started: (pid: number) => void) => Promise<Run>,
): Promise<Run & Resources> {
  const before = childrenCpuSeconds()
  let peakKb = Number.NaN
  let polling: NodeJS.Timeout | undefined
  try {
    const result = await run((pid) => {
      polling = setInterval(() => (peakKb = peakKbOf(pid) ?? peakKb), pollMs)
    })
    return { ...result, cpuSeconds: childrenCpuSeconds() - before, peakMb: (peakKb * 1024) / 1e6 }
  } finally {
    clearInterval(polling)
  }
}

/** Returns the processor time of all children that have ended, user and system. */
function childrenCpuSeconds(): number {
  // Behind the name of the program, which may contain anything, are the third field and those that follow.
  const fields = procFile('self/stat')?.split(') ').at(-1)?.split(' ')
  return (Number(fields?.[13]) + Number(fields?.[14])) / ticksPerSecond
}

/** The highest memory so far; undefined once the process has ended. */
function peakKbOf(pid: number): number | undefined {
  const peak = /^VmHWM:\s+(\d+) kB/m.exec(procFile(`${pid}/status`) ?? '')?.[1]
  return peak === undefined ? undefined : Number(peak)
}

function procFile(name: string): string | undefined {
  try {
    return readFileSync(`/proc/${name}`, 'utf8')
  } catch {
    return undefined
  }
}

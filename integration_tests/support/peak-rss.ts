// Measures the peak resident memory of a child process. The kernel keeps the peak until the process ends, so it is
// read now and then; the last value read counts.
import type { ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'

const everyMs = 50

export function watchPeakRss(child: ChildProcess): () => number | undefined {
  let peakKb: number | undefined
  const look = () => {
    peakKb = highWaterMarkKb(child.pid) ?? peakKb
    return peakKb
  }
  const timer = setInterval(look, everyMs).unref()
  child.once('exit', () => clearInterval(timer))
  return () => (child.exitCode === null && child.signalCode === null ? look() : peakKb)
}

function highWaterMarkKb(pid: number | undefined): number | undefined {
  try {
    const mark = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return mark === undefined ? undefined : Number(mark)
  } catch {
    return undefined
  }
}

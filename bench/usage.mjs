// Loaded into the connector's process by --import, here and in the image: as the process ends it says on stderr
// what it has used. Plain JavaScript and two built-in modules, so that this costs next to nothing.
import { readFileSync, writeSync } from 'node:fs'

process.once('exit', () => {
  const seconds = process.uptime()
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
  const cpuSeconds = (userCPUTime + systemCPUTime) / 1e6
  writeSync(2, `\n${JSON.stringify({ usage: { seconds, cpuSeconds, peakKb: peakKb() ?? maxRSS } })}\n`)
})

// Linux starts maxRSS with what the parent had; this mark is the process' own.
function peakKb() {
  try {
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1])
  } catch {
    return undefined
  }
}

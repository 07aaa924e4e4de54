// Loaded into the connector's process by --import, here and in the image. When the process ends, it prints its processor
// time and memory on stderr. Plain JavaScript and two built-in modules, so that it costs next to nothing.
import { readFileSync, writeSync } from 'node:fs'

process.once('exit', () => {
  const seconds = process.uptime()
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
  const cpuSeconds = (userCPUTime + systemCPUTime) / 1e6
  writeSync(2, `\n${JSON.stringify({ usage: { seconds, cpuSeconds, peakKb: peakKb() ?? maxRSS } })}\n`)
})

// On Linux, maxRSS starts with the parent's value; VmHWM is the process' own.
function peakKb() {
  try {
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1])
  } catch {
    return undefined
  }
}

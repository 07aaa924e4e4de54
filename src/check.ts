/** The command `check`: finds out whether a run can work with a configuration. A negative result is not an error. */
import { parseConfig } from './config/parsing/parse-config.ts'
import { STRUCTURES } from './layout/registry/structure-registry.ts'
import { textOf } from './errors.ts'
import { serverFindings } from './server-findings.ts'
import type { Output } from './protocol/airbyte/output.ts'

export interface CheckJob {
  /** The file of the configuration. */
  path: string
  /** Returns the text of the configuration. */
  readConfig: () => string
  output: Output
  /** Whether an option that does not exist is a problem, not a warning. */
  isStrict: boolean
  /** Ends the check early. */
  signal: AbortSignal
}

/** Prints exactly one status. Returns whether a sync can work. */
export async function check(job: CheckJob): Promise<boolean> {
  const { output, signal } = job
  try {
    const failed = await Promise.race([findProblems(job), whenAborted(signal)])
    output.status(failed)
    return failed === undefined
  } catch (error) {
    output.failedStatus(error)
    return false
  }
}

/** Rejects with the reason of the signal. */
function whenAborted(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>()
  const abort = (): void => reject(signal.reason as Error)
  signal.addEventListener('abort', abort, { once: true })
  if (signal.aborted) abort()
  return promise
}

/** Returns the problems, as one text; undefined if there is none. */
async function findProblems({ path, readConfig, output, isStrict }: CheckJob): Promise<string | undefined> {
  const { config, warnings, hidden } = parseConfig(readConfig(), process.env, STRUCTURES, path)
  output.hide(hidden)
  const unknown = isStrict ? warnings.filter(({ code }) => code === 'option-unknown') : []
  for (const warning of warnings) if (!unknown.includes(warning)) output.log('WARN', textOf(warning))
  const findings = await serverFindings(config)
  for (const { level, text } of findings) if (level !== 'FAILED') output.log(level, text)
  const problems = [
    ...unknown.map(textOf),
    ...findings.filter(({ level }) => level === 'FAILED').map(({ text }) => text),
  ]
  return problems.length === 0 ? undefined : problems.join(' ')
}

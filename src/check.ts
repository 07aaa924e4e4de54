/** The command `check`: finds out whether a run can work with a configuration. A negative result is not an error. */
import { parseConfig } from './config/parsing/parse-config.ts'
import { STRUCTURES } from './layout/registry/structure-registry.ts'
import { messageOf, textOf } from './errors.ts'
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
}

/** Prints exactly one status. Returns whether a sync can work. */
export async function check(job: CheckJob): Promise<boolean> {
  const { output } = job
  const message = await findProblems(job).catch(messageOf)
  const status = message === undefined ? { status: 'SUCCEEDED' } : { status: 'FAILED', message }
  output.message({ type: 'CONNECTION_STATUS', connectionStatus: status })
  return message === undefined
}

/** Returns the problems, as one text; undefined if there is none. */
async function findProblems({ path, readConfig, output, isStrict }: CheckJob): Promise<string | undefined> {
  const { config, warnings } = parseConfig(readConfig(), process.env, STRUCTURES, path)
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

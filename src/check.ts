/** The command `check`: finds out whether a run can work with a configuration. A negative result is not an error. */
import { parseConfig } from './config/parsing/parse-config.ts'
import { STRUCTURES } from './layout/registry/structure-registry.ts'
import { messageOf, textOf } from './errors.ts'
import { serverFindings } from './server-findings.ts'
import type { Output } from './protocol/airbyte/output.ts'

/** Prints exactly one status. `readConfig` returns the text of the configuration, which is in the file `path`. */
export async function check(path: string, readConfig: () => string, output: Output): Promise<void> {
  const message = await findProblems(path, readConfig, output).catch(messageOf)
  const status = message === undefined ? { status: 'SUCCEEDED' } : { status: 'FAILED', message }
  output.message({ type: 'CONNECTION_STATUS', connectionStatus: status })
}

/** Returns the problems, as one text; undefined if there is none. */
async function findProblems(
  path: string,
  readConfig: () => string,
  output: Output,
): Promise<string | undefined> {
  const { config, warnings } = parseConfig(readConfig(), process.env, STRUCTURES, path)
  for (const warning of warnings) output.log('WARN', textOf(warning))
  const findings = await serverFindings(config)
  for (const { level, text } of findings) if (level !== 'FAILED') output.log(level, text)
  const problems = findings.filter(({ level }) => level === 'FAILED').map(({ text }) => text)
  return problems.length === 0 ? undefined : problems.join(' ')
}

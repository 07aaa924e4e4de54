/** Refuses a Node that cannot load the connector. This file and main.ts must be readable for it. */
import { problem, textOf } from './errors.ts'

const OLDEST = 24

/** Returns what to print with a Node that is too old: a sentence on a terminal, elsewhere a trace message. */
export function nodeProblem(version: string): ((isTerminal: boolean) => string) | undefined {
  if (Number(version.split('.')[0]) >= OLDEST) return undefined
  const sentence =
    `destination-redis needs Node ${OLDEST} or newer, and this is Node ${version}. Use node_modules/.bin/node, which ` +
    'npm ci installs, or the image.'
  const message = textOf(problem('node-too-old', sentence, { params: { version } }))
  const error = { message, internal_message: message, failure_type: 'config_error' }
  const trace = { type: 'ERROR', emitted_at: Date.now(), error }
  return (isTerminal) => `${isTerminal ? message : JSON.stringify({ type: 'TRACE', trace })}\n`
}

/** How keys are removed that no metadata name: the command, and the pattern by which it finds them. */
import { parseTemplate } from '../../config/settings/template.ts'
import type { StreamPlan } from './stream-plan.ts'

/** Returns the command for a shell. It shows the number of keys, and samples, before it removes them. */
export function clearCommand({ name }: Pick<StreamPlan, 'name'>): string {
  return `destination-redis clear --config F --stream ${quoted(name)} --pattern`
}

interface Leftovers {
  /** Says that `clear` finds the keys, as the metadata of the stream name their pattern. */
  readonly isNamed: boolean
  readonly isCluster: boolean
}

/** Returns how to remove the keys that a full refresh has left. */
export function removalRemedy(
  plan: Pick<StreamPlan, 'name'>,
  patterns: readonly string[],
  { isNamed, isCluster }: Leftovers,
): string {
  if (isCluster) return 'A cluster is not searched: remove them with redis-cli on each master.'
  if (isNamed)
    return `To remove all rows of the stream, these included: ${clearCommand(plan)} (--dry-run only shows them); then sync again.`
  const scans = patterns.map(
    (pattern) => `redis-cli --scan --pattern ${quoted(pattern)} | xargs -r -d '\\n' -n 500 redis-cli UNLINK`,
  )
  return `To remove all keys that match, whoever wrote them: ${scans.join('; ')}.`
}

/** Returns the pattern of the keys that a template makes. */
export function patternOf(
  template: string,
  { stream, settings }: Pick<StreamPlan, 'stream' | 'settings'>,
): string {
  const texts = parseTemplate(template).map((part) => {
    if (part.kind === 'text') return globOf(part.text)
    if (part.kind === 'namespace') return globOf(stream.namespace)
    return part.kind === 'stream' ? globOf(stream.name) : '*'
  })
  return (
    globOf(settings.keyPrefix) + texts.filter((text, at) => text !== '*' || texts[at - 1] !== '*').join('')
  )
}

/** Returns the pattern that only this text matches. */
function globOf(text: string): string {
  return text.replaceAll(/[\\*?[\]^]/g, String.raw`\$&`)
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}

// Rules of the documented semantics, by name.

export type Rule =
  | 'completion.allow-empty-replace'
  | 'completion.auto'
  | 'completion.empty-replace'
  | 'completion.option'
  | 'dedup.delete-after-append'
  | 'dedup.unwritable'
  | 'expiry.numeric-text'
  | 'expiry.units'
  | 'filter.decimal'
  | 'filter.dedup-keeps'
  | 'filter.dedup-removes'
  | 'filter.text'
  | 'keys.array'
  | 'keys.empty-text'
  | 'keys.null'
  | 'keys.number-form'
  | 'layout.append-refused'
  | 'layout.counter-left'
  | 'layout.members-take-over'
  | 'layout.replaced'
  | 'mode.changed'
  | 'neighbours.cdc-delete'
  | 'neighbours.classic-counter'
  | 'replace.constant-numbers'
  | 'replace.generation-lower'
  | 'replace.kept-collections'
  | 'replace.kept-filtered'
  | 'replace.left-rows'
  | 'replace.other-sync'
  | 'replace.overwrite-again'
  | 'replace.staged-roll-back'
  | 'score.numeric-text'
  | 'ttl.delete-in-batch'
  | 'ttl.field'
  | 'ttl.foreign-key'
  | 'ttl.skipped'
  | 'ttl.taken-away'
  | 'ttl.unchanged'
  | 'values.null-as'

/**
 * The rules that the connector does not follow. Random cases avoid them, and their examples are expected to fail
 * or are skipped. Whoever builds a rule removes it here, and then the random cases and the examples use it.
 */
const NOT_BUILT: ReadonlySet<Rule> = new Set<Rule>()

/** Returns whether the connector follows the rule, so that cases may use it. */
export function isBuilt(rule: Rule): boolean {
  return !NOT_BUILT.has(rule)
}

// Rules of the documented semantics, by name. Random cases avoid a rule while it is listed as not built, and its
// example in rule-examples.test.ts is expected to fail; whoever builds a rule removes its name from the list.

export const NOT_BUILT = [
  'completion.auto',
  'completion.empty-replace',
  'dedup.delete-after-append',
  'dedup.unwritable',
  'expiry.numeric-text',
  'expiry.units',
  'filter.decimal',
  'filter.dedup-removes',
  'filter.text',
  'keys.array',
  'keys.empty-text',
  'keys.number-form',
  'layout.append-refused',
  'layout.counter-left',
  'layout.replaced',
  'mode.changed',
  'neighbours.cdc-delete',
  'neighbours.classic-counter',
  'replace.constant-numbers',
  'replace.generation-lower',
  'replace.other-sync',
  'replace.overwrite-again',
  'replace.staged-roll-back',
  'score.numeric-text',
  'ttl.delete-in-batch',
  'ttl.foreign-key',
  'ttl.skipped',
  'ttl.taken-away',
] as const

export type Rule = (typeof NOT_BUILT)[number]

/** Returns whether cases may use the rule. */
export function isBuilt(rule: string): boolean {
  return !(NOT_BUILT as readonly string[]).includes(rule)
}

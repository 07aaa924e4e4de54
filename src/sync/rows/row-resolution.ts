/** What several records of one batch do to their row: the same as if each of them came in a batch of its own. */
import { supersedes, type RowVersion } from './row-version.ts'

/** `filtered`: the record does not pass the filter, and removes its row. */
export type ChangeKind = 'write' | 'delete' | 'filtered'

export interface RowChange {
  readonly record: number
  readonly kind: ChangeKind
  readonly version: RowVersion
}

export interface RowResolution {
  /** The change that decides on the row; undefined if the row stays as it is. */
  readonly last: RowChange | undefined
  /** The record that wrote the row before `last` deleted it, which an expiring row keeps as its content. */
  readonly content: RowChange | undefined
  /** The changes that have no effect. */
  readonly superseded: readonly RowChange[]
}

export interface RowRules {
  /** Whether there may be a row without a version. */
  readonly mayExist: boolean
  readonly isNumeric: boolean
  /** Whether the version of the row arrived behind the changes: of two that compare equal, it stays. */
  readonly isLater?: boolean
}

/** Returns whether a change has an effect on a row that has no version. */
export function isFirstOf(kind: ChangeKind, { mayExist }: RowRules): boolean {
  // A filter may leave most records out: those without a row leave no tombstone, which would need memory.
  return kind !== 'filtered' || mayExist
}

/** Applies the changes of a row in the order in which they arrived. `version`: that of the row before; undefined if there is none. */
export function resolveRow(
  changes: readonly RowChange[],
  version: RowVersion | undefined,
  rules: RowRules,
): RowResolution {
  let current = version
  let last: RowChange | undefined
  let content: RowChange | undefined
  const superseded: RowChange[] = []
  for (const change of changes) {
    const hasEffect =
      current === undefined
        ? isFirstOf(change.kind, rules)
        : current === version && rules.isLater === true
          ? !supersedes(current, change.version, rules.isNumeric)
          : supersedes(change.version, current, rules.isNumeric)
    if (!hasEffect) {
      superseded.push(change)
      continue
    }
    if (content !== undefined && (change.kind === 'write' || last?.kind === 'write')) {
      superseded.push(content)
      content = undefined
    }
    if (last?.kind === 'write' && change.kind !== 'write') content = last
    else if (last !== undefined) superseded.push(last)
    last = change
    current = change.version
  }
  return { last, content, superseded }
}

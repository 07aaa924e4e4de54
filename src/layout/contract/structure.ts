/** The descriptor of a Redis structure: everything that the rest of the connector has to know about it. */
import type { RecordSettings } from '../../config/settings/record-settings.ts'
import type { StructureRules } from '../../config/settings/structure-rules.ts'
import type { CommandProbe, CommandRequirement } from '../../redis/commands/command-probe.ts'
import type { AttemptKind } from '../../redis/commands/attempt-scripts.ts'
import type { Script } from '../../redis/commands/script.ts'
import type { Layout, LayoutSettings } from '../encoding/layout.ts'
import type { KeyTemplate, StreamNames } from '../fields/column-template.ts'

export interface LayoutOptions {
  readonly settings: LayoutSettings
  readonly key: KeyTemplate
  readonly stream: StreamNames
}

export interface Structure extends StructureRules {
  /** The reply of TYPE for its keys. */
  readonly type: string
  /** Whether a record that is written twice leaves the same data as one that is written once. */
  readonly isRepeatable: boolean
  readonly rows: RowForm
  readonly collection: CollectionForm | undefined
  readonly createLayout: (options: LayoutOptions) => Layout
  /** Returns the commands that writing records with these settings needs. */
  readonly requirements: (settings: RecordSettings) => readonly CommandRequirement[]
}

/** Where the row of a primary key is found, for the sync modes that deduplicate, update and delete rows. */
type RowForm =
  /** A row cannot be found again. */
  | { readonly kind: 'none' }
  /** A row is a key. */
  | { readonly kind: 'key' }
  | MemberForm

/** A row is a member of a key, or a field with its value. */
export interface MemberForm {
  readonly kind: 'member'
  /** The option whose template names the member. */
  readonly option: 'member' | 'hash_field'
  readonly template: (settings: RecordSettings) => string | undefined
  /** The command that removes members. */
  readonly removal: string
  /** Whether a member has a value or a score that an update can change. */
  readonly canUpdate: boolean
  /** Whether a member has a value that can say that the row is deleted. */
  readonly canShowDeletion: boolean
}

/** How a key with many records is replaced: by a staging key, which is swapped in, or whose items are moved. */
interface CollectionForm {
  /** Returns the script that moves items from the staging key into the live key. */
  readonly drain: (settings: RecordSettings) => Script
  /** Returns the command that cuts a key to its maximum length, without the key; undefined if it has none. */
  readonly trim?: (settings: RecordSettings) => readonly [command: string, ...args: string[]] | undefined
  /** Returns how a run can take back a part of what it added to a key; undefined where it can drop staging keys only. */
  readonly attemptKind?: (settings: RecordSettings) => AttemptKind
  /** What `requirements` leaves out: the commands of `drain`, `trim` and the row's removal. */
  readonly replacing: CommandRequirement
}

/** Returns the probes of a requirement that does not depend on the server. */
export function requirement(
  neededFor: string,
  probes: (key: string) => readonly CommandProbe[],
): CommandRequirement {
  return { neededFor, probes: ({ key }) => probes(key) }
}

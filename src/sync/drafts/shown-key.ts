/** Names a key of records in a message. The key itself may be made of record data. */
import { parseTemplate } from '../../config/settings/template.ts'
import { shownName } from '../../shown-text.ts'
import type { StreamDraft } from './stream-draft.ts'

type Keyed = Pick<StreamDraft, 'keyTemplate' | 'settings' | 'stream'>

const OWN_NAMES = { id: '_airbyte_ab_id', primary_key: '_airbyte_primary_key' } as const

/** Returns `the key l`, or `a key of the form user:${id}` where keys depend on the record. */
export function shownKey(draft: Keyed): string {
  const isConstant = parseTemplate(draft.keyTemplate).every(({ kind }) => CONSTANT.includes(kind))
  return `${isConstant ? 'the key' : 'a key of the form'} ${keyForm(draft)}`
}

const CONSTANT = ['text', 'namespace', 'stream']

/** Returns the key, with the names of columns in place of their values. */
export function keyForm({ keyTemplate, settings, stream }: Keyed): string {
  const texts = parseTemplate(keyTemplate).map((part) => {
    if (part.kind === 'text') return part.text
    if (part.kind === 'namespace') return stream.namespace
    if (part.kind === 'stream') return stream.name
    return `\${${part.kind === 'column' ? part.path : OWN_NAMES[part.kind]}}`
  })
  return shownName(settings.keyPrefix + texts.join(''))
}

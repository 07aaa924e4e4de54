/**
 * A stream that has written under a key prefix, as the set `_airbyte:streams` names it. Runs of other connections read
 * there which keys are taken: names alone do not tell, as a stream `users:7` counts in the key of row 7 of `users`.
 */
import { parseTemplate } from '../../config/settings/template.ts'
import { createLayout } from '../../layout/registry/create-layout.ts'
import { structureOf } from '../../layout/registry/structure-registry.ts'
import type { StreamDraft } from './stream-draft.ts'

export interface KnownStream {
  readonly namespace: string
  readonly stream: string
  /** Without the prefix; the default where none is configured. */
  readonly key_template: string
  /** The key that counts its records, if they have ids. Without the prefix. */
  readonly counter?: string
  /** Whether other streams may merge their columns into its hashes. */
  readonly merges?: true
}

export function knownStreamOf(draft: StreamDraft): KnownStream {
  const { stream, settings, keyTemplate, counterKey } = draft
  const merges =
    settings.onUpdate === 'merge' && structureOf(settings).mergeFormats.includes(settings.dataFormat)
  return {
    namespace: stream.namespace,
    stream: stream.name,
    key_template: keyTemplate,
    ...(createLayout(draft).usesIds ? { counter: counterKey.slice(settings.keyPrefix.length) } : {}),
    ...(merges ? { merges } : {}),
  }
}

/** Returns the member of the set. */
export function knownStreamText({ namespace, stream, key_template, counter, merges }: KnownStream): string {
  return JSON.stringify({ namespace, stream, key_template, counter, merges })
}

/** Returns undefined for what is not a member of the set. */
export function parseKnownStream(text: string): KnownStream | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  const { namespace, stream, key_template, counter, merges } = Object(value) as Partial<
    Record<keyof KnownStream, unknown>
  >
  if (typeof namespace !== 'string' || typeof stream !== 'string' || typeof key_template !== 'string')
    return undefined
  if (counter !== undefined && typeof counter !== 'string') return undefined
  return {
    namespace,
    stream,
    key_template,
    ...(counter === undefined ? {} : { counter }),
    ...(merges === true ? { merges } : {}),
  }
}

export function isSameStream(
  one: Pick<KnownStream, 'namespace' | 'stream'>,
  other: Pick<KnownStream, 'namespace' | 'stream'>,
): boolean {
  return one.namespace === other.namespace && one.stream === other.stream
}

/** Quotes name and namespace, as both may contain the separators of any shorter form. */
export function quotedName({ namespace, stream }: Pick<KnownStream, 'namespace' | 'stream'>): string {
  return `${JSON.stringify(stream)} of namespace ${JSON.stringify(namespace)}`
}

/** The texts of a key template, with undefined for each part that differs from record to record. */
export function templateTexts({
  namespace,
  stream,
  key_template: template,
}: Pick<KnownStream, 'namespace' | 'stream' | 'key_template'>): (string | undefined)[] {
  return parseTemplate(template).map((part) => {
    if (part.kind === 'text') return part.text
    if (part.kind === 'namespace') return namespace
    return part.kind === 'stream' ? stream : undefined
  })
}

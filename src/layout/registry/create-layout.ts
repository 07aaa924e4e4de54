/** Creates the layout of a stream. */
import type { Layout, LayoutSettings, Refusal } from '../encoding/layout.ts'
import { ColumnTemplate, type KeyTemplate, type StreamNames } from '../fields/column-template.ts'
import { stagedTemplate } from '../locations/staging-key.ts'
import { structureOf } from './structure-registry.ts'

export interface LayoutChoice {
  settings: LayoutSettings
  /** The template of the keys, with the default filled in, and without the prefix. */
  keyTemplate: string
  stream: StreamNames
  /** Returns why a key cannot be written, though the template makes it. */
  refuseKey?: ((key: string) => Refusal | undefined) | undefined
}

export function createLayout(choice: LayoutChoice): Layout {
  return createLayoutAt(choice, keysOf(choice))
}

/** Creates the layout that writes to staging keys. They get their time to live when they are swapped in. */
export function createStagedLayout(choice: LayoutChoice): Layout {
  const { settings } = choice
  const key = stagedTemplate(keysOf(choice), Buffer.from(settings.keyPrefix))
  return createLayoutAt({ ...choice, settings: { ...settings, ttlSeconds: 0, removesExpiry: false } }, key)
}

/** Creates the layout of a run that takes away from the keys it writes what earlier runs have given them. */
export function createClearingLayout(
  choice: LayoutChoice,
  cleared: Pick<LayoutSettings, 'clearsFormerExpiry' | 'clearsFormerMeta' | 'clearsFormerFields'>,
): Layout {
  return createLayout({ ...choice, settings: { ...choice.settings, ...cleared } })
}

/** Returns the template of the live keys, with the prefix. */
export function keysOf({ settings, keyTemplate, stream, refuseKey }: LayoutChoice): ColumnTemplate {
  return new ColumnTemplate('key_template', keyTemplate, stream, {
    prefix: settings.keyPrefix,
    nullKeys: settings.nullKeys,
    refuse: refuseKey,
  })
}

function createLayoutAt({ settings, stream }: LayoutChoice, key: KeyTemplate): Layout {
  return structureOf(settings).createLayout({ settings, key, stream })
}

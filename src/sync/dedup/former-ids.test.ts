import { expect, it } from 'vitest'
import { locationForm } from '../../layout/registry/row-locator.ts'
import { answeringClient } from '../streams/played-client.support.ts'
import { planWith } from '../streams/stream-sessions.support.ts'
import { formerIdsOf } from './former-ids.ts'
import { IndexedRows, type Formers } from './former-rows.ts'
import { KeyIndex } from './key-index.ts'

const ENTRIES = ['n:s:7', '1', 'n:s:x', '1', 'k:8', '1', 'n:s:09', '1']

function formersWith(form: string): Formers {
  const { client } = answeringClient(
    (question) => ['0', question.includes(':n:s:0 ') ? ENTRIES : []] as never,
  )
  const index = new KeyIndex(client, planWith(), [])
  const indexed = [new IndexedRows(index, 0, locationForm(form), undefined)]
  return { manifests: [], indexed, lastId: 0 }
}

it.each([
  ['that a row named by columns has', {}, 'hash', [7]],
  ['are none where members share a key', {}, 'member of set', []],
  ['are none where the keys of the run have no ids', { key_template: 'k:${a}' }, 'hash', []],
])('ids that are not given out: %s', async (_, options, form, expected) => {
  expect(await formerIdsOf(planWith(options), formersWith(form))).toEqual(expected)
})

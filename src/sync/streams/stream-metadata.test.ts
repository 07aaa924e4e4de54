import { expect, it } from 'vitest'
import { thrownBy } from '../../errors.support.ts'
import { playedClient } from './played-client.support.ts'
import { planWith } from './stream-sessions.support.ts'
import { expiryShardsIn, numberIn, readMetadata, type MetadataField } from './stream-metadata.ts'

it.each([
  ['1', 'metadata-format-older'],
  ['2', undefined],
  ['3', 'metadata-format-newer'],
])('metadata of format %s are read, or refused: %s', async (format, code) => {
  const { client } = playedClient(() => ['format', format, 'runs', '3'])
  expect((await thrownBy(() => readMetadata(client, planWith())))?.code).toBe(code)
})

it.each([
  [{}, []],
  [{ expiry_shards: '' }, []],
  [{ expiry_shards: '3 17 255' }, [3, 17, 255]],
])('shards with entries that expire are listed: %j', (fields, shards) => {
  expect(expiryShardsIn(mapOf(fields), planWith())).toEqual(shards)
})

it.each(['x', '1,2', '1 -2', '1234'])('a list of shards that is none is refused: %s', async (shards) => {
  const error = await thrownBy(() => expiryShardsIn(mapOf({ expiry_shards: shards }), planWith()))
  expect(error?.code).toBe('metadata-invalid')
})

it.each(['x', '-1', '1e3', '9007199254740993'])('a number that is none is refused: %s', async (runs) => {
  expect(await thrownBy(() => numberIn(mapOf({ runs }), 'runs', planWith()))).toEqual({
    type: 'config_error',
    code: 'metadata-invalid',
    options: ['key_prefix'],
    params: { stream: 'n.s', key: '_airbyte:manifest:n:s', field: 'runs' },
  })
})

function mapOf(fields: Partial<Record<MetadataField, string>>): Map<MetadataField, string> {
  return new Map(Object.entries(fields) as [MetadataField, string][])
}

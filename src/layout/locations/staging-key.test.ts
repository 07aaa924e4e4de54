import { ALL_CAPABILITIES } from '../../redis/commands/capabilities.ts'
import { describe, expect, it } from 'vitest'
import { ByteBuffer } from '../../redis/resp/byte-buffer.ts'
import { slotOf } from '../../redis/resp/key-slot.ts'
import { commandsIn, eachRead, settingsWith, summaryOf } from '../registry/encode-records.support.ts'
import { CommandGroups } from '../encoding/command-groups.ts'
import { createStagedLayout } from '../registry/create-layout.ts'
import { stagedTemplate, stagingKey } from './staging-key.ts'
import { ColumnTemplate } from '../fields/column-template.ts'

const STREAM = { name: 's', namespace: 'n', primaryKey: [] }

describe('a staging key', () => {
  it.each([
    ['n:s', ''],
    ['n:{s}:x', ''],
    ['p:n:s', 'p:'],
    ['{p}:n:s', '{p}:'],
    ['{p:n}:s', '{p:'],
    ['{p:n:s', '{p:'],
    ['€:😀', ''],
  ])('lies in the slot of the live one, and tells it: %s behind %j', (live, prefix) => {
    const key = stagingKey(Buffer.from(live), Buffer.from(prefix))
    expect(slotOf(key)).toBe(slotOf(Buffer.from(live)))
    expect(key.toString().startsWith(`${prefix}_airbyte:staging:`)).toBe(true)
    expect(key.toString().endsWith(live.slice(prefix.length))).toBe(true)
  })
})

describe('the template of staging keys', () => {
  const live = new ColumnTemplate('key_template', 'k:${a}', STREAM, { prefix: 'p:' })
  const staged = stagedTemplate(live, Buffer.from('p:'))

  it('gives the staging key of what the live template gives, or why that is none', () => {
    const keys: string[] = []
    const out = new ByteBuffer(Buffer.alloc(1))
    eachRead(['{"a":1}', '{"a":1}', '{"a":2}', '{"a":12}', '{}', '{"a":"1"}'], '5', true, (view) => {
      out.clear()
      out.add(Buffer.from('>'))
      const refusal = staged.render(view, out)
      keys.push(refusal === undefined ? out.bytes.toString('utf8', 0, out.length) : summaryOf(refusal))
    })
    const [one, two, twelve] = ['p:k:1', 'p:k:2', 'p:k:12'].map((key) =>
      stagingKey(Buffer.from(key), Buffer.from('p:')).toString(),
    )
    expect(keys).toEqual([
      `>${one}`,
      `>${one}`,
      `>${two}`,
      `>${twelve}`,
      'template-column-missing key_template a',
      `>${one}`,
    ])
  })

  it('needs what the live one needs, and room for more', () => {
    expect(staged).toMatchObject({ usesIds: false, usesColumns: true })
    expect(
      stagedTemplate(new ColumnTemplate('key_template', '${_airbyte_ab_id}', STREAM), Buffer.alloc(0))
        .usesIds,
    ).toBe(true)
    expect(staged.size).toBeGreaterThan(live.size + '_airbyte:staging:{abc}:'.length)
  })
})

it('what is gathered has no time to live before it takes its place', () => {
  const settings = settingsWith({ cache_type: 'set', member: '${m}', ttl_seconds: 60, ttl_jitter_percent: 5 })
  const layout = createStagedLayout({ settings, keyTemplate: 'k', stream: STREAM })
  const out = new CommandGroups(Buffer.alloc(0), ALL_CAPABILITIES)
  eachRead(['{"m":1}', '{"m":2}'], '5', true, (view) => layout.write(out, view))
  layout.flush(out)
  const key = stagingKey(Buffer.from('k'), Buffer.alloc(0)).toString()
  expect(commandsIn(out.bytes.subarray(0, out.length))).toEqual([['SADD', key, '1', '2']])
  expect(layout.deliveryMode).toBe('pipeline')
})

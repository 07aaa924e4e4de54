import { describe, expect, it } from 'vitest'
import type { RecordOptions } from '../../config/layout-options/record-options.ts'
import { ALL_CAPABILITIES, capabilitiesOf, type Capabilities } from '../../redis/commands/capabilities.ts'
import { scriptsFor } from '../../redis/commands/script.ts'
import { STREAM_SCRIPT } from '../structures/redis-stream.ts'
import { encodeRecords, layoutWith } from './encode-records.support.ts'

const REDIS_2_8 = capabilitiesOf([2, 8, 24])
const RECORDS = ['{"m":1,"at":5000}', '{"m":2,"at":6000}']

interface Sample {
  options: RecordOptions
  /** The commands for a server that has every feature. */
  newest: string[]
  /** The commands for Redis 2.8; SCRIPT is the script of the layout. */
  older: string[]
}

const SAMPLES: Sample[] = [
  {
    options: {
      cache_type: 'string',
      key_template: 'k',
      data_format: 'raw',
      value_field: 'm',
      expire_at_field: 'at',
    },
    newest: ['SET k 1 PXAT 5000000', 'SET k 2 PXAT 6000000'],
    older: ['EVALSHA SCRIPT 1 k 1 5000000', 'EVALSHA SCRIPT 1 k 2 6000000'],
  },
  {
    options: { cache_type: 'list', member: '${m}', key_template: 'k', write_condition: 'if_exists' },
    newest: ['RPUSHX k 1 2'],
    older: ['RPUSHX k 1', 'RPUSHX k 2'],
  },
  {
    options: { cache_type: 'sorted_set', member: '${m}', key_template: 'k', write_condition: 'if_absent' },
    newest: ['ZADD k NX 5 1 5 2'],
    older: ['EVALSHA SCRIPT 1 k keep NX 5 1 5 2'],
  },
  {
    options: {
      cache_type: 'stream',
      data_format: 'flat',
      key_template: 'k',
      fields: ['m'],
      write_condition: 'if_exists',
      max_length: 9,
    },
    newest: ['XADD k NOMKSTREAM MAXLEN ~ 9 * m 1', 'XADD k NOMKSTREAM MAXLEN ~ 9 * m 2'],
    older: [`EVAL ${STREAM_SCRIPT} 1 k MAXLEN ~ 9 * m 1`, `EVAL ${STREAM_SCRIPT} 1 k MAXLEN ~ 9 * m 2`],
  },
]

describe.each(SAMPLES)('one layout for two servers: $options.cache_type', ({ options, newest, older }) => {
  it('encodes for each what it has, in whichever order they are met', () => {
    const layout = layoutWith(options)
    const [script] = scriptsFor(layout.scripts, REDIS_2_8)
    const commandsFor = (capabilities: Capabilities): string[] =>
      encodeRecords(options, RECORDS, {}, layout, capabilities).commands.map((command) =>
        command.join(' ').replace(script?.sha ?? 'SCRIPT', 'SCRIPT'),
      )
    expect(commandsFor(ALL_CAPABILITIES)).toEqual(newest)
    expect(commandsFor(REDIS_2_8)).toEqual(older)
    expect(commandsFor(ALL_CAPABILITIES)).toEqual(newest)
  })

  it('needs its script only on the server that lacks the feature', () => {
    const { scripts } = layoutWith(options)
    expect(scriptsFor(scripts, ALL_CAPABILITIES)).toEqual([])
    expect(scriptsFor(scripts, REDIS_2_8)).toHaveLength(
      older.some((command) => command.startsWith('EVALSHA')) ? 1 : 0,
    )
  })
})

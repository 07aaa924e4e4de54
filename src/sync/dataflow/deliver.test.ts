import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { ConfigError, TransientError, problem } from '../../errors.ts'
import { MessageReader } from '../../protocol/input/message-reader.ts'
import type { WriteResult } from '../../redis/session/write-pipeline.ts'
import { batchOf, commandsIn, idsFrom, recordsOf } from '../batches/batches.support.ts'
import { DeadLetters } from './dead-letters.ts'
import { deliverBy } from './deliver.ts'
import { FINE, playedClient, type Sent } from '../streams/played-client.support.ts'
import type { StreamSession } from '../streams/stream-session.ts'
import { sessionWith } from '../streams/stream-sessions.support.ts'
import { BufferPool } from '../../redis/memory/buffer-pool.ts'

describe('a batch', () => {
  it('is sent before it is waited for, and delivered when all of it is answered', async () => {
    const { deliver, sent } = opened()
    const session = sessionWith({ cache_type: 'list', data_format: 'json', key_template: '${k}' })
    const long = Array.from({ length: 1_500 }, (_, n) => `{"k":${n}}`)
    const delivered = deliver(session, long)
    expect(sent.map((request) => [request.kind, request.commands.count])).toEqual([
      ['transaction', 1_001],
      ['transaction', 499],
    ])
    expect(sent).toMatchObject([{ isRepeatable: false }, { isRepeatable: false }])
    let isDelivered = false
    void delivered.then(() => (isDelivered = true))
    sent[1]!.resolve(FINE)
    await turn()
    expect(isDelivered).toBe(false)
    sent[0]!.resolve(FINE)
    expect(await delivered).toEqual([])
  })

  it('tells which of its records were skipped', async () => {
    const { deliver, sent } = opened()
    const session = sessionWith({ cache_type: 'string', write_condition: 'if_absent' })
    const delivered = deliver(session, ['{}', '{}', '{}'])
    expect(sent[0]).toMatchObject({ commands: { count: 3 }, isCounted: true, confirmedBy: 'marker' })
    sent[0]!.resolve({ ...FINE, done: [1, 0, 1] })
    expect(await delivered).toEqual([{ kind: 'skipped', record: 1 }])
  })

  it('is not delivered where the link has failed', async () => {
    const { deliver, sent } = opened()
    const delivered = deliver(sessionWith(), ['{}'])
    sent[0]!.reject(new TransientError(problem('test', 'Gave up.')))
    await expect(delivered).rejects.toThrow(new TransientError(problem('test', 'Gave up.')))
  })

  it('keeps the memory of its commands until they are answered', async () => {
    const { deliver, sent, buffers } = opened()
    const delivered = deliver(sessionWith(), ['{}'])
    const { buffer } = sent[0]!.bytes
    expect(buffers.take(1).buffer).not.toBe(buffer)
    sent[0]!.resolve(FINE)
    await delivered
    expect(buffers.take(1).buffer).toBe(buffer)
  })

  it('lets go of its records as soon as its commands are made', async () => {
    const { deliver, sent } = opened()
    const reader = new MessageReader()
    void deliver(sessionWith(), ['{"n":1}', '{"n":2}'], reader)
    expect(reader.block.isShared).toBe(false)
    reader.bytes.fill('#')
    expect(commandsIn(sent[0]!.bytes).map((command) => command.at(-1))).toEqual(['{"n":1}', '{"n":2}'])
  })

  it('whose replies were lost is looked at again: a key may be of another kind', async () => {
    const { deliver, sent, asked } = opened({ reply: () => 'string' })
    const session = sessionWith({ cache_type: 'list', data_format: 'json' })
    const delivered = deliver(session, ['{}'])
    sent[0]!.resolve({ ...FINE, isUnseen: true })
    await expect(delivered).rejects.toThrow('Stream n.s: the key n:s holds another Redis type')
    expect(asked).toEqual(['TYPE n:s'])
  })
})

describe('a record that cannot be written', () => {
  const session = sessionWith({ key_template: 'k:${id}', data_format: 'json', cache_type: 'string' })

  it('ends the run before anything is sent where its layout refuses it, line, stream and reason named', async () => {
    const { deliver, sent } = opened()
    await expect(deliver(session, ['{"id":1}', '{}', '{"id":null}'])).rejects.toMatchObject({
      failureType: 'config_error',
      problems: [
        {
          code: 'template-column-missing',
          options: ['key_template', 'on_record_error'],
          params: { column: 'id', line: 2, stream: 'n.s' },
        },
      ],
    })
    expect(sent).toEqual([])
  })

  it('ends the run where Redis refuses it, line, stream, key and reason named', async () => {
    const { deliver, sent } = opened()
    const delivered = deliver(session, ['{"id":1}', '{"id":2}', '{"id":3}'])
    sent[0]!.resolve(refusing(1, 2))
    await expect(delivered).rejects.toMatchObject({
      failureType: 'config_error',
      message: expect.stringContaining('Redis refused to write a key of the form k:${id}. It is a list.'),
      problems: [
        { code: 'record-refused', options: ['on_record_error'], params: { line: 2, stream: 'n.s' } },
      ],
    })
  })

  it('is set aside where that is wanted, and the others are written', async () => {
    const { deliver, sent } = opened({ setsAside: true })
    const reader = new MessageReader()
    const delivered = deliver(session, ['{"id":1}', '{"no":1}', '{"id":3}'], reader)
    expect(keysIn(sent[0]!)).toEqual(['k:1', 'k:3'])
    sent[0]!.resolve(refusing(1))
    await turn()
    expect(sent).toHaveLength(2)
    const letters = commandsIn(sent[1]!.bytes).filter(([name]) => name === 'XADD')
    expect(letters.map((letter) => [letter.at(-3), letter.at(-1)])).toEqual([
      ['The column id, which the key needs, is missing.', '{"no":1}'],
      ['Redis refused to write a key of the form k:${id}. It is a list.', '{"id":3}'],
    ])
    expect(reader.block.isShared).toBe(true)
    sent[1]!.resolve(FINE)
    expect((await delivered).map(({ kind, record }) => [kind, record])).toEqual([
      ['rejected', 1],
      ['rejected', 2],
    ])
    expect(reader.block.isShared).toBe(false)
  })

  it('may be all there is: then it alone is sent aside', async () => {
    const { deliver, sent } = opened({ setsAside: true })
    const delivered = deliver(session, ['{}'])
    await turn()
    expect(sent.map(keysIn)).toEqual([['letters']])
    sent[0]!.resolve(FINE)
    expect(await delivered).toHaveLength(1)
  })

  it('does not let the batch be delivered before it is set aside', async () => {
    const { deliver, sent } = opened({ setsAside: true })
    const delivered = deliver(session, ['{"id":1}', '{}'])
    sent[0]!.resolve(FINE)
    await turn()
    sent[1]!.reject(new TransientError(problem('test', 'Gave up.')))
    await expect(delivered).rejects.toThrow(new TransientError(problem('test', 'Gave up.')))
  })
})

function opened({ setsAside = false, reply }: { setsAside?: boolean; reply?: () => string } = {}) {
  const { client, sent, asked } = playedClient(reply)
  const buffers = new BufferPool(1 << 20)
  const deadLetters = setsAside ? new DeadLetters({ client, key: 'letters', maxLength: 10 }) : undefined
  const deliverBatch = deliverBy({
    client,
    buffers,
    tables: new BufferPool(1 << 20),
    deadLetters,
    log: () => {},
  })
  const deliver = (session: StreamSession, data: readonly string[], reader = new MessageReader()) =>
    deliverBatch(batchOf([session], recordsOf(session, data), reader), {
      ids: idsFrom(1, [session]),
      decide: () => new Map(),
      intervals: new Map(),
      again: () => Promise.reject(new Error('Nothing is to be tried again.')),
    })
  return { deliver, sent, asked, buffers }
}

function refusing(...commands: number[]): WriteResult {
  return {
    ...FINE,
    rejections: commands.map((index) => ({
      index,
      error: new ConfigError(problem('test', 'It is a list.')),
    })),
  }
}

function keysIn({ bytes }: Sent): (string | undefined)[] {
  return commandsIn(bytes).map(([, key]) => key)
}

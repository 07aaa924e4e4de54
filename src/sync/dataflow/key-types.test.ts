import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../errors.ts'
import { batchOf, encode, recordsOf } from '../batches/batches.support.ts'
import { playedClient } from '../streams/played-client.support.ts'
import { sessionsFor, sessionWith, stream } from '../streams/stream-sessions.support.ts'
import { requireKeyTypes } from './key-types.ts'

const DATA = ['a', 'b', 'a', 'c'].map((k) => `{"k":"${k}"}`)

describe('a transaction whose replies were lost', () => {
  it.each(['list', 'stream'])(
    'is good where its keys are what they should be, or are gone: %s',
    async (kind) => {
      const { check, asked } = unseen(kind, (command) => (command === 'TYPE b' ? 'none' : kind))
      await check()
      expect(asked).toEqual(['TYPE a', 'TYPE b', 'TYPE c'])
    },
  )

  it.each([
    ['list', 'stream'],
    ['stream', 'list'],
    ['list', 'string'],
  ])(
    'was refused in part where a key of a %s is a %s, which is named with the stream',
    async (kind, other) => {
      const { check } = unseen(kind, (command) => (command === 'TYPE b' ? other : kind))
      const error = await check().catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(ConfigError)
      expect(error).toMatchObject({
        problems: [
          { code: 'key-of-other-type', options: ['key_prefix'], params: { stream: 'n.s', key: '${k}' } },
        ],
      })
    },
  )

  it('is good where it held no records of a stream', async () => {
    const sessions = sessionsFor([stream('s')])
    const { requests } = encode(batchOf(sessions, recordsOf(sessions[0]!, ['{}'])))
    const { client, asked } = playedClient()
    await requireKeyTypes(client, requests[0]!)
    expect(asked).toEqual([])
  })
})

function unseen(kind: string, reply: (command: string) => string) {
  const session = sessionWith({ cache_type: kind, key_template: '${k}', max_length: 9 })
  const { requests } = encode(batchOf([session], recordsOf(session, DATA)))
  expect(requests).toHaveLength(1)
  const { client, asked } = playedClient(reply)
  return { check: () => requireKeyTypes(client, requests[0]!), asked }
}

import { setImmediate as turn } from 'node:timers/promises'
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { ConfigError, problem } from '../../errors.ts'
import { batchOf, commandsIn } from '../batches/batches.support.ts'
import { DeadLetters } from './dead-letters.ts'
import { FINE, playedClient } from '../streams/played-client.support.ts'
import type { RecordOutcome } from './outcomes.ts'
import type { StreamSession } from '../streams/stream-session.ts'
import { sessionsFor, stream } from '../streams/stream-sessions.support.ts'

const sessions = sessionsFor([stream('a'), stream('b')])
const [a, b] = sessions as [StreamSession, StreamSession]

describe('records that cannot be written', () => {
  it('are set aside in their order, each with its stream and the reason, in a transaction that runs once', async () => {
    const { letters, sent } = opened()
    const taken = letters.take(batch(), [
      rejected(0, 'It is bad.'),
      { kind: 'skipped', record: 1 },
      rejected(2, 'Ü.'),
    ])
    expect(commandsIn(sent[0]!.bytes)).toEqual([
      letter('stream', 'n.a', 'reason', 'It is bad.', 'record', '{"n":"€ü"}'),
      letter('stream', 'n.b', 'reason', 'Ü.', 'record', `{"s":"${'x'.repeat(100_000)}"}`),
    ])
    expect(sent[0]).toMatchObject({ kind: 'transaction', isRepeatable: false, slot: undefined })
    sent[0]!.resolve(FINE)
    await taken
    expect(sent.length).toBe(1)
  })

  it.each(['record-too-large', 'command-over-limit', 'command-closes-connection'])(
    'are cut where Redis takes no record of that size: %s',
    async (code) => {
      const { letters, sent } = opened()
      const taken = letters.take(batch(), [rejected(2, 'It is large.', code)])
      const data = `{"s":"${'x'.repeat(100_000)}"}`
      const sha256 = createHash('sha256').update(data).digest('hex')
      const cut = [
        'line',
        '3',
        'size',
        String(data.length),
        'sha256',
        sha256,
        'cut',
        'cut, cannot be replayed',
      ]
      expect(commandsIn(sent[0]!.bytes)).toEqual([
        letter('stream', 'n.b', 'reason', 'It is large.', ...cut, 'record', data.slice(0, 4_096)),
      ])
      sent[0]!.resolve(FINE)
      await taken
    },
  )

  it('are cut where the entry itself is too large for Redis, the others of the transaction not', async () => {
    const { letters, sent } = opened()
    const taken = letters.take(batch(), [rejected(0, 'It is bad.'), rejected(2, 'It is bad.')])
    const error = new ConfigError(problem('command-over-limit', 'It is large.'))
    sent[0]!.resolve({ ...FINE, rejections: [{ index: 1, error }] })
    await turn()
    const entries = commandsIn(sent[1]!.bytes)
    expect(entries.map((words) => [words[7], words.at(-3), words.at(-1)!.length])).toEqual([
      ['n.b', 'cut, cannot be replayed', 4_096],
    ])
    sent[1]!.resolve(FINE)
    await taken
  })

  it('are set aside before it goes on', async () => {
    const { letters, sent } = opened()
    let isTaken = false
    const taken = letters.take(batch(), [rejected(0, 'It is bad.')]).then(() => (isTaken = true))
    await turn()
    expect(isTaken).toBe(false)
    sent[0]!.resolve(FINE)
    await taken
  })

  it.each([[[]], [[{ kind: 'skipped', record: 1 } as const]]])(
    'are none where others were written, or rightly were not: %j',
    async (outcomes) => {
      const { letters, sent } = opened()
      await letters.take(batch(), outcomes)
      expect(sent).toEqual([])
    },
  )

  it('end the run where they cannot be set aside', async () => {
    const { letters, sent } = opened()
    const taken = letters.take(batch(), [rejected(0, 'It is bad.')])
    sent[0]!.resolve({
      ...FINE,
      rejections: [{ index: 0, error: new ConfigError(problem('test', 'It is a list.')) }],
    })
    const error = await taken.catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(ConfigError)
    expect(error).toMatchObject({ problems: [{ code: 'dead-letters-refused', params: { key: 'letters' } }] })
  })
})

function opened() {
  const { client, sent } = playedClient()
  return { client, sent, letters: new DeadLetters({ client, key: 'letters', maxLength: 1000 }) }
}

function batch() {
  return batchOf(sessions, [
    [a, '{"n": "€ü"}'],
    [a, '{}'],
    [b, `{"s":"${'x'.repeat(100_000)}"}`],
  ])
}

function letter(...fields: string[]): string[] {
  return ['XADD', 'letters', 'MAXLEN', '~', '1000', '*', ...fields]
}

function rejected(record: number, sentence: string, code = 'record-refused'): RecordOutcome {
  return { kind: 'rejected', record, problem: problem(code, sentence) }
}

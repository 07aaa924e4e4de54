import { afterEach, describe, expect, it, vi } from 'vitest'
import { unexpectedReply } from './unexpected-reply.ts'

const HERE = 'redis.example.com:6379'
const SENT = { name: 'HMSET', args: () => ['users:1', 'card', 'CANARY4111'] }

afterEach(() => {
  vi.unstubAllEnvs()
})

describe('an error that no rule is for', () => {
  it.each([
    ['ERR bad command HMSET users:1 card CANARY4111', 'ERR to HMSET'],
    ['CANARY4111 is no command', 'an error to HMSET'],
    ['Unknown Command: HMSET users:1 card CANARY4111', 'an error to HMSET'],
    [`${'A'.repeat(33)} too long for a word`, 'an error to HMSET'],
  ])('is named by its first word, if that is one of a server: %s', (reply, what) => {
    const { sentence } = unexpectedReply(HERE, reply, SENT)
    expect(sentence).toContain(`${what}; its text is not shown, as it may hold data`)
    expect(sentence).not.toMatch(/CANARY|users/)
  })

  it('is shown where the environment says so, in 200 characters, without what was sent', () => {
    vi.stubEnv('DESTINATION_REDIS_SHOW_SERVER_ERRORS', '1')
    const reply = `ERR refused by rule 7: users:1 "CANARY4111" ${'y'.repeat(1_000)}`
    const { sentence } = unexpectedReply(HERE, reply, SENT)
    expect(sentence).toContain('answered ERR to HMSET: ERR refused by rule 7: …:… "…" yyy')
    expect(sentence.length).toBeLessThan(300)
  })
})

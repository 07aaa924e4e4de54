import { describe, expect, it } from 'vitest'
import { MessageReader } from '../input/message-reader.ts'
import { readStreamStatus, type StreamStatus } from './stream-status.ts'

const users = { name: 'users', namespace: 'public' }

describe('the status of a stream', () => {
  it.each([
    ['COMPLETE', { type: 'STREAM_STATUS', stream_status: { stream_descriptor: users, status: 'COMPLETE' } }],
    [
      'INCOMPLETE',
      { type: 'STREAM_STATUS', stream_status: { stream_descriptor: users, status: 'INCOMPLETE' } },
    ],
    ['COMPLETE', { stream_status: { stream_descriptor: users, status: 'COMPLETE' } }],
    [
      'COMPLETE',
      {
        type: null,
        error: null,
        estimate: null,
        stream_status: { stream_descriptor: users, status: 'COMPLETE', reasons: null },
      },
    ],
  ])('is %s in %j', (status, trace) => {
    expect(statusIn(trace)).toEqual({ stream: users, status })
  })

  it.each([[{ name: 'users' }], [{ name: 'users', namespace: null }]])(
    'may be that of a stream without a namespace: %j',
    (stream) => {
      const trace = {
        type: 'STREAM_STATUS',
        stream_status: { stream_descriptor: stream, status: 'COMPLETE' },
      }
      expect(statusIn(trace)).toEqual({ stream: { name: 'users', namespace: null }, status: 'COMPLETE' })
    },
  )

  it.each([
    { type: 'STREAM_STATUS', stream_status: { stream_descriptor: users, status: 'STARTED' } },
    { type: 'STREAM_STATUS', stream_status: { stream_descriptor: users, status: 'RUNNING' } },
    { type: 'STREAM_STATUS', stream_status: { stream_descriptor: users, status: null } },
    { type: 'STREAM_STATUS', stream_status: { stream_descriptor: null, status: 'COMPLETE' } },
    { type: 'STREAM_STATUS', stream_status: { stream_descriptor: { name: 1 }, status: 'COMPLETE' } },
    { type: 'STREAM_STATUS', stream_status: null },
    { type: 'STREAM_STATUS' },
    { type: 'ESTIMATE', estimate: { name: 'users', type: 'STREAM' } },
    { type: 'ANALYTICS', analytics: { type: 't', value: 'v' } },
    {
      type: 'ERROR',
      error: { message: 'm' },
      stream_status: { stream_descriptor: users, status: 'COMPLETE' },
    },
    { type: 'NOT_INVENTED_YET' },
    {},
  ])('has not ended by %j', (trace) => {
    expect(statusIn(trace)).toBeUndefined()
  })
})

function statusIn(trace: object): StreamStatus | undefined {
  const reader = new MessageReader()
  reader.append(Buffer.from(`${JSON.stringify({ type: 'TRACE', trace })}\n`))
  expect(reader.next()).toBe(true)
  return readStreamStatus(reader.bytes, reader.message)
}

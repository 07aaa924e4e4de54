import { PassThrough, Writable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { ConfigError, problem, SystemError, TransientError } from '../../errors.ts'
import { Output } from './output.ts'

describe('output', () => {
  it('is whole lines in the order they were given', async () => {
    const { output, lines } = collected()
    output.line(Buffer.from('{"type":"STATE"}\n'))
    output.message({ type: 'SPEC', spec: {} })
    output.log('WARN', 'two\nlines, "quoted"')
    await output.drained()
    expect(lines()).toEqual([
      '{"type":"STATE"}',
      '{"type":"SPEC","spec":{}}',
      '{"type":"LOG","log":{"level":"WARN","message":"two\\nlines, \\"quoted\\""}}',
    ])
  })

  it.each([
    [new ConfigError(problem('a-b', 'Set host.')), 'config_error', 'ConfigError: Set host. [a-b]'],
    [new TransientError(problem('gone', 'Gone.')), 'transient_error', 'TransientError: Gone. [gone]'],
    [new SystemError(problem('c', 'Line 1.')), 'system_error', 'SystemError: Line 1. [c]'],
    [new TypeError('A bug.'), 'system_error', 'TypeError: A bug.'],
    ['a text that was thrown', 'system_error', 'a text that was thrown'],
  ])('tells of the error %o with its failure type', async (error, failureType, internal) => {
    const { output, lines } = collected()
    output.error(error)
    await output.drained()
    expect(lines().map((line): unknown => JSON.parse(line))).toEqual([
      {
        type: 'TRACE',
        trace: {
          type: 'ERROR',
          emitted_at: expect.any(Number) as number,
          error: {
            message: error instanceof Error ? error.message : error,
            internal_message: internal,
            stack_trace: error instanceof Error ? error.stack : '',
            failure_type: failureType,
          },
        },
      },
    ])
  })
})

describe('output to a slow host', () => {
  it('counts as pending until the host has taken it', async () => {
    const { stream, release } = slow()
    const output = new Output(stream)
    let isDrained = false
    output.line(Buffer.from('12345\n'))
    output.line(Buffer.from('678\n'))
    expect(output.pending).toBe(10)
    const drained = output.drained().then(() => (isDrained = true))
    await turn()
    expect(isDrained).toBe(false)
    release()
    await drained
    expect(output.pending).toBe(0)
  })
})

describe('output to a host that has stopped listening', () => {
  it('is dropped, and the work goes on', async () => {
    const output = new Output(broken())
    output.line(Buffer.from('a\n'))
    await output.drained()
    await turn()
    output.line(Buffer.from('b\n'))
    output.log('INFO', 'c')
    expect(output.pending).toBe(0)
    await output.drained()
  })

  it('does not keep anybody waiting for what the host will never take', async () => {
    const { stream } = slow()
    const output = new Output(stream)
    output.line(Buffer.from('a\n'))
    const drained = output.drained()
    stream.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
    await drained
    expect(output.pending).toBe(0)
  })
})

function collected(): { output: Output; lines: () => string[] } {
  const stream = new PassThrough()
  const text = (): string => (stream.read() as Buffer).toString()
  return { output: new Output(stream), lines: () => text().trimEnd().split('\n') }
}

/** Takes nothing in before it is released. */
function slow(): { stream: Writable; release: () => void } {
  const waiting: (() => void)[] = []
  let isReleased = false
  const stream = new Writable({
    write(_chunk, _encoding, done) {
      if (isReleased) done()
      else waiting.push(done)
    },
  })
  const release = (): void => {
    isReleased = true
    for (const done of waiting) done()
  }
  return { stream, release }
}

function broken(): Writable {
  return new Writable({
    write(_chunk, _encoding, done) {
      done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
    },
  })
}

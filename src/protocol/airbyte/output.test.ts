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
      '{"type":"LOG","log":{"level":"WARN","message":"two\\\\nlines, \\"quoted\\""}}',
    ])
  })

  it.each([
    [new ConfigError(problem('a-b', 'Set host.')), 'config_error', 'ConfigError: Set host. [a-b]'],
    [new TransientError(problem('gone', 'Gone.')), 'transient_error', 'TransientError: Gone. [gone]'],
    [new SystemError(problem('c', 'Line 1.')), 'system_error', 'SystemError: Line 1. [c]'],
  ])('tells of the error %o with its failure type, and ends', async (error, failureType, internal) => {
    const { output, lines } = collected()
    output.error(error)
    output.log('INFO', 'late')
    await output.drained()
    expect(lines().map((line): unknown => JSON.parse(line))).toEqual([
      {
        type: 'TRACE',
        trace: {
          type: 'ERROR',
          emitted_at: expect.any(Number) as number,
          error: {
            message: error.message,
            internal_message: internal,
            stack_trace: error.stack,
            failure_type: failureType,
          },
        },
      },
    ])
  })

  it.each([[new TypeError('a secret of a bug')], ['a secret that was thrown']])(
    'shows where an error of another kind came from, and never its text: %o',
    async (error) => {
      const { output, lines } = collected()
      output.error(error)
      await output.drained()
      expect(lines()).toHaveLength(1)
      expect(lines()[0]).toMatch(/\[internal-error\].*system_error/)
      expect(lines()[0]).not.toContain('secret')
      if (error instanceof Error) expect(lines()[0]).toContain('output.test.ts')
    },
  )

  it.each(['x', '€', '\u009b', '😀', '\n'])(
    'is no longer than a host can show, and cannot change how it is shown: 20,000 of %j',
    async (character) => {
      const { output, lines } = collected()
      const text = `\u001b[31m \u202e \u009b \n ${character.repeat(20_000)}`
      output.log('WARN', text)
      output.error(Object.assign(new ConfigError(problem('a-b', text)), { stack: `${text}\n    at ${text}` }))
      await output.drained()
      for (const line of lines()) {
        const { log, trace } = JSON.parse(line) as Record<string, { error?: object } | undefined>
        const texts = Object.values({ ...log, ...trace?.error }).map(String)
        for (const shown of texts) expect(Buffer.byteLength(shown)).toBeLessThanOrEqual(8_192)
        expect(line).toMatch(/… and \d+ more characters/)
        expect(line).not.toMatch(/[\u0080-\u009f\u202e]|[^\\]\\u001b/)
      }
    },
  )

  it('shows as many frames of a stack as there is room for behind its message', async () => {
    const { output, lines } = collected()
    const error = new ConfigError(problem('a-b', 'Set host.'))
    error.stack = `ConfigError: Set host.\n${'    at frame (file.js:1:2)\n'.repeat(1_000)}`
    output.error(error)
    await output.drained()
    const { trace } = JSON.parse(lines()[0]!) as { trace: { error: { stack_trace: string } } }
    expect(trace.error.stack_trace).toMatch(
      /^ConfigError: Set host\. \[a-b\]\n {4}at frame \(file\.js:1:2\)\n/,
    )
    expect(Buffer.byteLength(trace.error.stack_trace)).toBeLessThanOrEqual(8_192)
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
  let text = ''
  const read = (): string => (text += (stream.read() as Buffer | null)?.toString() ?? '')
  return { output: new Output(stream), lines: () => read().trimEnd().split('\n') }
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

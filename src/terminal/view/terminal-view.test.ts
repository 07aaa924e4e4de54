import { afterEach, describe, expect, it, vi } from 'vitest'
import { bytesText, progressLine, type RunSnapshot } from './progress-line.ts'
import { runTable } from './run-table.ts'
import { TerminalView } from './terminal-view.ts'

const SNAPSHOT: RunSnapshot = {
  bytes: 1_234_567,
  waitsFor: 'Redis',
  streams: [
    { name: 'public.users', records: 1_000, others: { filtered: 10, skipped: 0 } },
    { name: 'orders', records: 5, others: {} },
  ],
}

afterEach(() => vi.useRealTimers())

describe('messages on a terminal', () => {
  it('are plain text, without stack traces', () => {
    const { output, shown } = opened({ NO_COLOR: '1' })
    output.log('WARN', 'be careful')
    output.log('INFO', 'good to know')
    output.message({ type: 'CONNECTION_STATUS', connectionStatus: { status: 'FAILED', message: 'No. [x]' } })
    output.message({ type: 'CONNECTION_STATUS', connectionStatus: { status: 'SUCCEEDED' } })
    output.message({
      type: 'TRACE',
      trace: { error: { message: 'Broken. [y]', stack_trace: 'Error\n    at x' } },
    })
    const text = shown()
    expect(text.split('\n').slice(0, 4)).toEqual([
      'Warning: be careful',
      'good to know',
      'The check failed. No. [x]',
      'The check succeeded: a sync can work.',
    ])
    expect(text).toMatch(/^Error: .*\n$/m)
    expect(text).not.toContain('    at ')
    expect(text).not.toContain('\u001b')
  })

  it.each([
    [{}, true],
    [{ NO_COLOR: '1' }, false],
    [{ TERM: 'dumb' }, false],
    [{ CI: 'true' }, false],
  ])('have colours unless the environment switches them off: %j', (environment, hasColours) => {
    const { output, shown } = opened(environment)
    output.log('WARN', 'x')
    expect(shown().includes('\u001b[33m')).toBe(hasColours)
  })

  it('show the specification as indented JSON', () => {
    const { output, shown } = opened({})
    output.message({ type: 'SPEC', spec: { a: 1 } })
    expect(shown()).toBe('{\n  "a": 1\n}\n')
  })
})

describe('a run on a terminal', () => {
  it('has a line that is drawn again, and a table at its end', () => {
    vi.useFakeTimers()
    const { view, output, shown } = opened({})
    view.watch(() => SNAPSHOT)
    output.message({ type: 'STATE', state: {} })
    vi.advanceTimersByTime(1_000)
    expect(shown().split('1,005 records').length).toBeGreaterThan(4)
    expect(shown()).toContain('1 state · waiting for Redis')
    output.log('INFO', 'something')
    expect(shown()).toContain('\u001b[2K')
    view.finish()
    expect(shown()).toMatch(/public\.users +990 +10\n/)
    const length = shown().length
    vi.advanceTimersByTime(1_000)
    expect(shown()).toHaveLength(length)
  })

  it('is cut to the width of the terminal, where it has one', () => {
    vi.useFakeTimers()
    for (const [columns, end] of [
      [15, '1,005 records '],
      [0, 'waiting for Redis'],
    ] as const) {
      const { view, shown } = opened({}, columns)
      view.watch(() => SNAPSHOT)
      vi.advanceTimersByTime(1_000)
      view.finish()
      expect(shown()).toContain(`${end}\r\u001b[2K`)
    }
  })

  it('has no live line on a dumb terminal', () => {
    vi.useFakeTimers()
    const { view, shown } = opened({ TERM: 'dumb' })
    view.watch(() => SNAPSHOT)
    vi.advanceTimersByTime(1_000)
    expect(shown()).toBe('')
    view.finish()
    expect(shown()).not.toContain('\u001b')
  })
})

it('the table has a column for each reason that there was', () => {
  expect(runTable(SNAPSHOT, { states: 2, seconds: 0.5 }).split('\n')).toEqual([
    'stream        written  filtered',
    'public.users      990        10',
    'orders              5         0',
    '1,005 records in 0.5 s (2,010/s), 1.2 MB, 2 states acknowledged',
    '',
  ])
})

it('the line tells records, rate, bytes, states and what is waited for', () => {
  expect(progressLine({ ...SNAPSHOT, waitsFor: 'input' }, { states: 1, seconds: 10 })).toBe(
    '1,005 records · 101/s · 1.2 MB · 1 state · waiting for the input',
  )
  expect([0, 999, 1000, 1e12].map(bytesText)).toEqual(['0 B', '999 B', '1.0 kB', '1.0 TB'])
})

function opened(environment: Record<string, string>, columns = 100) {
  const texts: string[] = []
  const terminal = { columns, write: (text: string | Uint8Array) => texts.push(String(text)) > 0 }
  const view = new TerminalView(terminal, environment)
  const message = (content: object): void => void view.write(`${JSON.stringify(content)}\n`)
  const log = (level: string, text: string): void => message({ type: 'LOG', log: { level, message: text } })
  return { view, output: { message, log }, shown: () => texts.join('') }
}

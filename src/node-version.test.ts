import { describe, expect, it } from 'vitest'
import { nodeProblem } from './node-version.ts'

describe('the version of Node', () => {
  it.each(['24.0.0', '24.21.0', '26.1.0'])('may be %s', (version) => {
    expect(nodeProblem(version)).toBeUndefined()
  })

  it.each(['18.19.0', '20.20.2', '22.12.0'])(
    'is refused in one sentence where it is too old: %s',
    (version) => {
      const print = nodeProblem(version)!
      expect(print(true)).toMatch(/^destination-redis needs Node 24 [^\n]* \[node-too-old\]\n$/)
      const { type, trace } = JSON.parse(print(false)) as {
        type: string
        trace: { type: string; error: object }
      }
      expect([type, trace.type, trace.error]).toMatchObject([
        'TRACE',
        'ERROR',
        { failure_type: 'config_error' },
      ])
    },
  )
})

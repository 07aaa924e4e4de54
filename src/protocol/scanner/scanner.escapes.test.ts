/** Strings with many escapes are looked at 64 bytes at a time: runs of them may begin and end anywhere in such a step. */
import { expect, it } from 'vitest'
import { caseCount } from '../../case-count.support.ts'
import { randomFrom, type Random } from '../../random.support.ts'
import { Scanner } from './scanner.ts'

const CASES = caseCount(10_000, 500_000)
const OPEN = '{"type":"RECORD","record":{"stream":"s","emitted_at":1,"data":{"v":"'
const CLOSE = '"}}}\n'

const PIECES = String.raw`\" \\ \/ \b \f \n \r \t \u00e9 \uD83D\ude00 \\\\ \\\" \u005c u e \\u \\n`.split(' ')
const DAMAGE = [
  '"',
  '\\',
  '\\x',
  '\\u',
  '\\u12',
  '\\u12g4',
  '\\U0041',
  '\x1f',
  '\x7f',
  '\0',
  '\t',
  '\n',
  'é',
  '😀',
]

/** Matches the beginning of a string up to its end, or up to what may not be in it. */
const VALID = /(?:[^"\\\p{Cc}]|[\x7f-\x9f]|\\(?:["\\/bfnrt]|u[\dA-Fa-f]{4}))*/uy

it(
  'finds the end of strings full of escapes, and the first byte of what is none',
  { timeout: 600_000 },
  () => {
    const scanner = new Scanner(1 << 13)
    const met = new Map<string, number>()
    for (let seed = 0; seed < CASES; seed++) {
      const text = textOf(randomFrom(seed))
      const expected = refusedBy(text)
      const found = refusalOf(scanner, text)
      if (found !== expected) expect.fail(`seed ${seed}: ${JSON.stringify(text)}: ${found}, not ${expected}`)
      const [code = 'none'] = expected?.split(' ') ?? []
      met.set(code, (met.get(code) ?? 0) + 1)
    }
    expect([...met.keys()].toSorted()).toEqual([
      'json-control-character',
      'json-escape-unknown',
      'json-object-unfinished',
      'json-string-unfinished',
      'json-unicode-escape-invalid',
      'none',
    ])
    expect(met.get('none')).toBeGreaterThan(CASES / 4)
  },
)

function textOf(random: Random): string {
  const parts = Array.from({ length: random(40) }, () =>
    random(3) === 0 ? 'x'.repeat(random(random(4) === 0 ? 70 : 9)) : PIECES[random(PIECES.length)]!,
  )
  if (random(2) === 0) parts.splice(random(parts.length + 1), 0, DAMAGE[random(DAMAGE.length)]!)
  return parts.join('')
}

/** Returns what the scanner is to say of a line with the text; undefined if it is to read it. */
function refusedBy(text: string): string | undefined {
  const rest = text + CLOSE
  VALID.lastIndex = 0
  const good = VALID.exec(rest)![0]
  const [next, behind] = [rest.charAt(good.length), rest.charAt(good.length + 1)]
  const byte = OPEN.length + Buffer.byteLength(good) + 1
  if (next === '\n') return `json-string-unfinished ${byte}`
  if (next === '\\') return `json-${behind === 'u' ? 'unicode-escape-invalid' : 'escape-unknown'} ${byte}`
  if (next !== '"') return `json-control-character ${byte}`
  return good === text ? undefined : `json-object-unfinished ${byte + 1}`
}

/** Returns why the scanner refuses a line with the text, and at which byte; undefined if it reads it. */
function refusalOf(scanner: Scanner, text: string): string | undefined {
  const start = scanner.inputStart
  const end = start + scanner.bytes.write(OPEN + text + CLOSE, start)
  const rows = scanner.scan(start, end)
  const { failure } = scanner
  if (failure !== undefined) return `${failure.code} ${failure.offset - start + 1}`
  return rows === 1 && scanner.position === end ? undefined : 'not all of the line is read'
}

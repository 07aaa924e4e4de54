/** Strings are looked at 16 bytes at a time: what ends one, or spoils it, may stand anywhere in such a step. */
import { describe, expect, it } from 'vitest'
import { caseCount } from '../../case-count.support.ts'
import { SystemError } from '../../errors.ts'
import { MessageReader } from '../input/message-reader.ts'

const LONGEST = caseCount(36, 70)
/** A small block is made in less time. */
const SMALL = 1 << 12
const OPEN = '{"type":"RECORD","record":{"stream":"s","emitted_at":1,"data":{"v":"'

describe('a string of any length', () => {
  it.each(['a', 'é', '€', '😀', '\u2028', '\x7f', '\\"', '\\\\', '\\n', '\\/', '\\u00e9', '\\ud83d\\ude00'])(
    'may hold %j anywhere',
    (part) => {
      const strings = stringsWith(part)
      const reader = new MessageReader(SMALL)
      reader.append(Buffer.from(strings.map(({ text }) => `${OPEN}${text}"}}}\n`).join('')))
      for (const { text } of strings) {
        const isRead = reader.next()
        const { start, end } = reader.message.data
        // Compared here, as so many calls of expect would take their time.
        if (!isRead || reader.bytes.toString('utf8', start, end) !== `{"v":"${text}"}`) expect.fail(text)
      }
      expect(reader.next()).toBe(false)
    },
  )

  it.each([
    ['"', 1, 'json-object-unfinished'],
    ['\\x', 0, 'json-escape-unknown'],
    ['\x1f', 0, 'json-control-character'],
    ['\n', 0, 'json-string-unfinished'],
  ])('may hold %j nowhere', (part, offset, code) => {
    for (const { text, position } of stringsWith(part)) {
      const reader = new MessageReader(SMALL)
      // The lines before move it along.
      const before = `{"type":"LOG","log":"${'x'.repeat(text.length % 16)}"}\n`
      reader.append(Buffer.from(`${before}${OPEN}${text}"}}}\n`))
      reader.next()
      const byte = OPEN.length + position + offset + 1
      const expected = `${code} ${JSON.stringify({ line: 2, byte, stream: 's' })}`
      const refusal = refusalOf(reader)
      if (refusal !== expected) expect.fail(`${text}: ${refusal}, not ${expected}`)
    }
  })
})

const MESSAGES: [kind: string, line: string][] = [
  ['record', '{"type":"RECORD","record":{"stream":"s","data":{},"emitted_at":1}}'],
  ['state', '{"type":"STATE","state":{}}'],
  ['trace', '{"type":"TRACE","trace":{}}'],
]

describe.each(MESSAGES)('every word that makes a %s', (kind, line) => {
  const words = line.match(/\w{2,}/g)!

  it('is known whichever of its letters are escaped', () => {
    for (const word of words) {
      const all = Array.from(word, escaped).join('')
      const spellings = lettersIn(word).map(([before, letter, after]) => before + escaped(letter) + after)
      for (const spelling of [all, all.toUpperCase().replaceAll('U', 'u'), ...spellings])
        expect(kindOf(line.replace(word, spelling)), spelling).toBe(kind)
    }
  })

  it('is not mistaken for one that is almost the same', () => {
    for (const word of words) {
      const others = lettersIn(word).flatMap(([before, letter, after]) => [
        before + after,
        before + letter + letter + after,
        before + String.fromCharCode(letter.charCodeAt(0) + 1) + after,
        before + String.fromCharCode(letter.charCodeAt(0) ^ 0x20) + after,
        before + escaped(letter).replace('\\u00', '\\u01') + after,
        `${before}\\n${after}`,
        ...('bfnrt'.includes(letter) ? [`${before}\\${letter}${after}`] : []),
      ])
      for (const other of [...others, '', `${word} `, ` ${word}`, `${word}\\u0000`, `${word}é`])
        expect(kindOf(line.replace(`"${word}"`, `"${other}"`)), other).not.toBe(kind)
    }
  })
})

/** Strings of `part` between letters, of every length and with the part at every position. */
function stringsWith(part: string): { text: string; position: number }[] {
  return Array.from({ length: LONGEST + 1 }, (_, length) =>
    Array.from({ length: length + 1 }, (_letter, position) => ({
      text: 'x'.repeat(position) + part + 'y'.repeat(length - position),
      position,
    })),
  ).flat()
}

function lettersIn(word: string): [before: string, letter: string, after: string][] {
  return Array.from(word, (letter, at) => [word.slice(0, at), letter, word.slice(at + 1)])
}

function escaped(letter: string): string {
  return `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`
}

function kindOf(line: string): string {
  const reader = new MessageReader(SMALL)
  reader.append(Buffer.from(`${line}\n`))
  return refusalOf(reader) ?? reader.message.kind
}

/** Reads the next message; returns the problem, in short, if there is one. */
function refusalOf(reader: MessageReader): string | undefined {
  try {
    expect(reader.next()).toBe(true)
    return undefined
  } catch (error) {
    if (error instanceof SystemError) return `${error.problem?.code} ${JSON.stringify(error.problem?.params)}`
    throw error
  }
}

import { describe, expect, it } from 'vitest'
import { caseCount } from '../../case-count.support.ts'
import { errorWith } from '../../errors.support.ts'
import { SystemError } from '../../errors.ts'
import { MessageReader } from '../input/message-reader.ts'

const LF = 0x0a
const DEEPEST = 65_536

const WELL_FORMED = texts(String.raw`
  null ¦ true ¦ false ¦ 42 ¦ -0.1 ¦ "asd" ¦ "" ¦ " " ¦ [] ¦ {} ¦ [[]] ¦ [{}] ¦ {"a":{}} ¦ {"a":[]} ¦ [[   ] ] ¦ [""]
  ["a"] ¦ [null] ¦ [true,false] ¦ [null, 1, "1", {}] ¦ [1 ] ¦ [ 1] ¦ [1,null,null,null,2] ¦ [[[[[[[[1]]]]]]]]
  [0] ¦ [-0] ¦ [-1] ¦ [123] ¦ [123e65] ¦ [0e+1] ¦ [0e1] ¦ [20e1] ¦ [1E22] ¦ [1E-2] ¦ [1E+2] ¦ [1e-2] ¦ [1e+2]
  [123.456e78] ¦ [123.456789] ¦ [-0.0000000000000000000000000000000000001] ¦ [0.5] ¦ [1e00] ¦ [1e-00] ¦ [10.10]
  [1e400] ¦ [-1e+9999] ¦ [123123e100000] ¦ [12345678901234567890] ¦ [-123123123123123123123123] ¦ [0.4e00669999999999]
  {"asd":"sdf"} ¦ {"asd":"sdf", "dfg":"fgh"} ¦ {"a":"b","a":"c"} ¦ {"":0} ¦ {"foo\u0000bar": 42} ¦ {"a":1,"b":[2,{"c":3}]}
  { "min": -1.0e+28, "max": 1.0e+28 } ¦ {"x":[{"id": "aaaa"}], "id": "a"} ¦ {"\u0061" : null } ¦ {"a":[{},[],""]}
  ["\"\\\/\b\f\n\r\t"] ¦ ["\u0060\u012a\u12AB"] ¦ ["\uD801\udc37"] ¦ ["\ud83d\ude39\ud83d\udc8d"] ¦ ["\\u0000"]
  ["\""] ¦ ["\\"] ¦ ["a/*b*/c/*d//e"] ¦ ["\\a"] ¦ ["\\n"] ¦ ["\u0012"] ¦ ["\uFFFF"] ¦ ["\u0000"] ¦ ["[{,:}]"]
  ["\uDADA"] ¦ ["\uD888\u1234"] ¦ ["\uD800\n"] ¦ ["\uDd1ea"] ¦ ["\uD800\uD800\n"] ¦ ["\udC00\uD834"] ¦ ["\uDFAA"]
  ["π"] ¦ ["€𝄞"] ¦ ["⍂㈴⍂"] ¦ ["é\u00e9"] ¦ {"ключ":"значение"} ¦ ["asd "] ¦ [ "asd" , "b" ]
`).concat([
  '\t[\t1\t,\t2\t]\t',
  '\r[\r1\r,\r2\r]\r',
  ' {\t"a" \r: 1\t} ',
  '["\u007f"]',
  '["\u2028\u2029"]',
  '["\ufeff"]',
  '["\u00a0"]',
  '["\uffff"]',
  '["\u{10ffff}"]',
])

const MALFORMED = texts(String.raw`
  [1 true] ¦ [a ¦ ["": 1] ¦ [""], ¦ [,1] ¦ [1,,2] ¦ ["x",,] ¦ ["x"]] ¦ ["",] ¦ ["x" ¦ [x ¦ [3[4]] ¦ [1,] ¦ [,]
  [ , ""] ¦ ["a",4,1, ¦ [1,,] ¦ [*] ¦ ["" ¦ [1, ¦ [1 ¦ [{} ¦ [}  ¦ {] ¦ [1} ¦ {"a":1] ¦ [[1] ¦ {"a":[1}]
  [fals] ¦ falsx ¦ [falsE] ¦ [false1] ¦ nulL ¦ truE ¦ [nul] ¦ [tru] ¦ [truE] ¦ [True] ¦ [nulll] ¦ [truen] ¦ [truefalse] ¦ nan ¦ undefined ¦ n ¦ t ¦ f ¦ abc ¦ aå ¦ é ¦ *
  [++1234] ¦ [+1] ¦ [+Inf] ¦ [-] ¦ - ¦ [-01] ¦ [-1.0.] ¦ [-2.] ¦ [-NaN] ¦ [.-1] ¦ [.2e-3] ¦ [0.1.2] ¦ [0.3e+] ¦ [0.3e]
  [0.e1] ¦ [0E+] ¦ [0E] ¦ [0e+] ¦ [0e] ¦ [1.0e+] ¦ [1.0e-] ¦ [1.0e] ¦ [1 000.0] ¦ [1eE2] ¦ [2.e+3] ¦ [2.e3] ¦ [9.e+]
  [Inf] ¦ [NaN] ¦ [１] ¦ [1+2] ¦ [0x1] ¦ [0e+-1] ¦ [-123.123foo] ¦ [-Infinity] ¦ [- 1] ¦ [-012] ¦ [-.123] ¦ [-1x]
  [1ea] ¦ [1.] ¦ [.123] ¦ [1.2a-3] ¦ [012] ¦ [1_000] ¦ [00] ¦ 1. ¦ 1e ¦ 01 ¦ 1 2 ¦ 2@ ¦ 1]
  {[: "x"} ¦ {"x", null} ¦ {"x"::"b"} ¦ {🇨🇭} ¦ {"a":"a" 123} ¦ {key: 'value'} ¦ {"a" b} ¦ {:"b"} ¦ {"a" "b"}
  {"a": ¦ {"a" ¦ {"a ¦ {1:1} ¦ {9999E9999:1} ¦ {null:null} ¦ {"id":0,,,} ¦ {'a':0} ¦ {"id":0,} ¦ {"a":"b",,"c":"d"}
  {"a":"b"}/**/ ¦ {"a":"b"}// ¦ {"a":"b"}# ¦ {a: "b"} ¦ {"a":"a ¦ { "foo" : "bar", "a" } ¦ {,} ¦ {{}} ¦ {"a":} ¦ {[]}
  {}} ¦ {"":  ¦ {"a":/*comment*/"b"} ¦ {"a": true} "x" ¦ [][] ¦ ] ¦ } ¦ , ¦ : ¦ { ¦ [ ¦ {, ¦ [1]x ¦ [1]] ¦ "a":1
  " ¦ "\ ¦ ""x ¦ ["asd] ¦ ['single'] ¦ ["\\\"] ¦ ["\a"] ¦ ["\'"] ¦ ["\0"] ¦ ["\x41"] ¦ ["\U0041"] ¦ ["\🌀"] ¦ ["\ "]
  ["\uD800\"] ¦ ["\u"] ¦ ["\u1"] ¦ ["\u00A"] ¦ ["\u1x34"] ¦ ["\u123g"] ¦ ["\u123G"] ¦ ["\u123:"] ¦ ["\u123@"] ¦ ["\u123/"] ¦ ["\uD834\uDd"] ¦ ["\u-123"] ¦ ["\u 123"] ¦ "\u002 ¦ "\u
  [\u0020"asd"] ¦ [\n] ¦ <.> ¦ [<null>]
`).concat(
  ['', ' ', '\t', '\ufeff{}', '\ufeff', '\u00a0[]', '[\u2060]', '[\f]', '[\v1]', '\0', '[1\0]', '["a\0a"]'],
  ['["\ttab"]', '["\\\t"]', '["\r"]', '["\u001f"]', '{"a\u0001":1}', '[1]\0', '"\b"'],
)

const RICH = [
  '{"a":[1,-2.5e+3,{"b":"\\u00e9\\"\\\\ü€😀"},[],{},null,true,false]}',
  ' [ "a" , { "x" : [ [ ] , 0 ] , "\\uD83D\\ude39" : -0.0E-0 } ]',
  '"\\"\\\\\\/\\b\\f\\n\\r\\t\\u12aB a string of its own"',
  '{"":{"":{"":[[[{"deep":"enough"}]]]}}}',
  '[12345678901234567890,1e400,"\u2028",{"k":"v","k":"w"},true]',
]

/** The places in a message where a text is put: each is read in a way of its own. */
const PLACES = [
  {
    open: '{"type":"RECORD","record":{"stream":"s","emitted_at":1,"data":{"v":',
    close: '}}}',
    named: { stream: 's' },
  },
  ...['v', 'record', 'state', 'trace', 'type'].map((name) => ({
    open: `{"type":"FUTURE","${name}":`,
    close: '}',
    named: {},
  })),
]

const openings = PLACES.map(({ open }) => open)

describe.each(PLACES)('a JSON text behind $open', ({ open, close }) => {
  it.each(WELL_FORMED)('%j is accepted, as JSON.parse does', (text) => {
    expect([parses(text), parses(open + text + close)]).toEqual([true, true])
    expect(accepts(open + text + close)).toBe(true)
  })

  it.each(MALFORMED)('%j is refused, as JSON.parse does', (text) => {
    expect([parses(text), parses(open + text + close)]).toEqual([false, false])
    expect(accepts(open + text + close)).toBe(false)
  })

  it.each([
    '[1,\n2]',
    '["a\nb"]',
    '{\n}',
    '{"a"\n:1}',
    '\n1',
    '[]\n',
    '1\n2',
    '"\\u00\n41"',
    'tr\nue',
    '1.\n5',
  ])('%j is refused: a line feed ends the text, also where JSON allows one', (text) =>
    expect(accepts(open + text + close)).toBe(false),
  )

  it.each(RICH)('is refused wherever %s is cut, whatever stands in the lines behind', (text) => {
    const bytes = Buffer.from(open + text + close)
    expect(accepts(bytes)).toBe(true)
    const [first, last] = [Buffer.byteLength(open), bytes.length - close.length]
    // Each text is cut at each byte in some of the messages; and in each of them, under TEST_LONG.
    const step = caseCount(PLACES.length / 2, 1)
    for (let cut = first + (openings.indexOf(open) % step); cut < last; cut += step) {
      const [head, tail] = [bytes.subarray(0, cut), bytes.subarray(cut)]
      expect(accepts(Buffer.concat([head, Buffer.from('\n'), tail])), `cut at ${cut}`).toBe(false)
      expect(accepts(Buffer.concat([head, Buffer.from(`${close}\n`), tail])), `closed at ${cut}`).toBe(false)
    }
  })
})

describe('a JSON text that is the whole line', () => {
  it.each(WELL_FORMED.filter((text) => /^[ \t\r]*\{/.test(text)))('%j is accepted as an object', (text) => {
    expect(() => read(text)).toThrow(errorWith('message-without-type', { line: 1 }))
  })

  it.each(WELL_FORMED.filter((text) => !/^[ \t\r]*\{/.test(text)))('%j is no message', (text) => {
    expect(() => read(text)).toThrow('not an Airbyte message: expected a JSON object.')
  })

  it.each(MALFORMED.filter((text) => !/^[ \t\r]*$/.test(text)))(
    '%j is refused, as JSON.parse does',
    (text) => {
      expect(accepts(text)).toBe(false)
    },
  )
})

describe('nesting', () => {
  it.each([
    ['arrays', '[', ']'],
    ['objects', '{"a":', '}'],
  ])('of %s may be 65 536 levels deep in any member, and no deeper', (_kind, open, close) => {
    const nested = (levels: number): string => `${open.repeat(levels)}1${close.repeat(levels)}`
    for (const [name, levels] of [
      ['v', DEEPEST],
      ['trace', DEEPEST],
      ['state":{"v', DEEPEST],
      ['record":{"v', DEEPEST],
      ['record":{"data":{"v', DEEPEST - 1],
    ] as const) {
      const message = (depth: number): string =>
        `{"type":"FUTURE","${name}":${nested(depth)}${'}'.repeat(name.split('{').length)}`
      expect(accepts(message(levels))).toBe(true)
      expect(() => read(message(levels + 1))).toThrow(errorWith('json-too-deep'))
    }
  })
})

describe('a refusal', () => {
  it.each([
    ['', 0, 'json-value-expected'],
    ['[1,}', 3, 'json-value-expected'],
    ['[1 2]', 3, 'json-array-unfinished'],
    ['{"a":1]', 6, 'json-object-unfinished'],
    ['{"a" 1}', 5, 'json-colon-expected'],
    ['{a:1}', 1, 'json-name-expected'],
    ['{"a":1,}', 7, 'json-name-expected'],
    ['[-x]', 2, 'json-digit-expected'],
    ['[1.e1]', 3, 'json-digit-expected'],
    ['["abc', 5, 'json-string-unfinished'],
    ['["a\tc"]', 3, 'json-control-character'],
    ['["a\\x"]', 3, 'json-escape-unknown'],
    ['["a\\u00g0"]', 3, 'json-unicode-escape-invalid'],
  ])('of %j says at offset %i: %s', (text, offset, code) => {
    for (const { open, named } of PLACES) {
      const params = { line: 2, byte: open.length + offset + 2, ...named }
      expect(() => read(`{"type":"LOG"}\n ${open}${text}\n`, 2)).toThrow(errorWith(code, params))
    }
  })
})

describe('data', () => {
  it.each([
    ['{"a b":[1,"c d"]}', false],
    ['{"a": 1}', true],
    ['[1\t]', true],
    ['[1\r]', true],
    ['[1]\r', true],
    ['[1] \r', true],
    ['"\\" :"', false],
  ])('{"v":%j} holds insignificant white space: %s', (text, expected) => {
    const { open, close } = PLACES[0]!
    expect(read(`${open}${text}${close} \r`).message.dataHasSpace).toBe(expected)
  })
})

/** Texts that fit a line, written several to a line here. */
function texts(list: string): string[] {
  return list
    .trim()
    .split(/\n| ¦ /)
    .map((text) => text.trim())
}

function parses(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** The codes of lines that are not JSON, or not even text; a JSON message may have other problems. */
const NOT_JSON = /^(json|line)-/

/** Whether the first line is JSON to the scanner. */
function accepts(text: string | Buffer): boolean {
  try {
    read(text)
    return true
  } catch (error) {
    if (error instanceof SystemError) return !NOT_JSON.test(error.problem?.code ?? '')
    throw error
  }
}

/** Reads the first lines of an input. */
function read(text: string | Buffer, lines = 1): MessageReader {
  // A small block is made in less time.
  const reader = new MessageReader(1 << 12)
  reader.append(Buffer.concat([Buffer.from(text), Buffer.of(LF)]))
  for (let line = 0; line < lines; line++) expect(reader.next()).toBe(true)
  return reader
}

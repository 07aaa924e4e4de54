import { describe, expect, it } from 'vitest'
import { JsonScanner, JsonSyntaxError } from './json-scanner.ts'

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
  [fals] ¦ [nul] ¦ [tru] ¦ [truE] ¦ [True] ¦ [nulll] ¦ [truen] ¦ [truefalse] ¦ nan ¦ undefined ¦ n ¦ t ¦ f ¦ abc ¦ aå ¦ é ¦ *
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

describe('one JSON text a line', () => {
  it.each(WELL_FORMED)('%j is accepted, as JSON.parse does', (text) => {
    expect(parses(text)).toBe(true)
    expect(scans(text)).toBe(true)
  })

  it.each(MALFORMED)('%j is refused, as JSON.parse does', (text) => {
    expect(parses(text)).toBe(false)
    expect(scans(text)).toBe(false)
  })

  it.each(['[1,\n2]', '["a\nb"]', '{\n}', '{"a"\n:1}', '\n1', '[]\n', '1\n2'])(
    '%j is refused: a line feed ends the text, also where JSON allows one',
    (text) => expect(scans(text)).toBe(false),
  )

  it.each([
    ['arrays', '[', ']'],
    ['objects', '{"a":', '}'],
  ])('%s may be nested 65 536 levels deep, and no deeper', (_kind, open, close) => {
    const nested = (levels: number): string => `${open.repeat(levels)}1${close.repeat(levels)}`
    expect(scans(nested(DEEPEST))).toBe(true)
    expect(() => scan(nested(DEEPEST + 1))).toThrow('nested more than 65536 levels deep')
  })
})

const RICH = [
  '{"a":[1,-2.5e+3,{"b":"\\u00e9\\"\\\\ü€😀"},[],{},null,true,false]}',
  ' [ "a" , { "x" : [ [ ] , 0 ] , "\\uD83D\\ude39" : -0.0E-0 } ]',
  '"\\"\\\\\\/\\b\\f\\n\\r\\t\\u12aB a string of its own"',
  '{"":{"":{"":[[[{"deep":"enough"}]]]}}}',
  '[12345678901234567890,1e400,"\u2028",{"k":"v","k":"w"},true]',
]

describe('a text that breaks off', () => {
  it.each(RICH)('is refused wherever %s is cut', (text) => {
    expect(scans(text)).toBe(true)
    const bytes = Buffer.from(text)
    const accepted = [...bytes.keys()].filter((length) => scansBytes(bytes.subarray(0, length)))
    expect(accepted).toEqual([])
  })
})

describe('a refusal', () => {
  it.each([
    ['', 0, 'expected a value, but the line ends'],
    ['[1,}', 3, 'expected a value'],
    ['[1 2]', 3, 'expected , or ]'],
    ['{"a":1]', 6, 'expected , or }'],
    ['{"a" 1}', 5, 'expected :'],
    ['{a:1}', 1, 'expected a name in quotes'],
    ['{"a":1,}', 7, 'expected a name in quotes'],
    ['[-x]', 2, 'a number lacks a digit'],
    ['[1.e1]', 3, 'a number lacks a digit'],
    ['["abc', 5, 'expected the end of a string, but the line ends'],
    ['["a\tc"]', 3, 'a string holds a bare control character'],
    ['["a\\x"]', 3, 'a backslash is followed by a character that cannot be escaped'],
    ['["a\\u00g0"]', 3, '\\u is not followed by four hexadecimal digits'],
  ])('of %j says at offset %i: %s', (text, offset, reason) => {
    let caught: unknown
    try {
      scan(text)
    } catch (error) {
      caught = error
    }
    expect(caught).toBeInstanceOf(JsonSyntaxError)
    expect(caught).toMatchObject({ message: reason, offset })
  })
})

describe('what the scanner notes on its way', () => {
  it.each([
    ['{"a b":[1,"c d"]}', false],
    ['{"a": 1}', true],
    ['[1\t]', true],
    ['[1\r]', true],
    ['[1]\r', false],
    ['[1] \r', true],
  ])('%j holds insignificant white space: %s', (text, expected) => {
    expect(scan(text).sawSpace).toBe(expected)
  })

  it.each([
    ['"plain"', false],
    ['"\\n"', true],
    ['"\\u0061"', true],
    ['["\\n","plain"]', false],
  ])('the last string of %j holds an escape: %s', (text, expected) => {
    expect(scan(text).sawEscape).toBe(expected)
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

function scans(text: string): boolean {
  return scansBytes(Buffer.from(text))
}

function scansBytes(text: Buffer): boolean {
  try {
    scan(text)
    return true
  } catch (error) {
    if (error instanceof JsonSyntaxError) return false
    throw error
  }
}

/** Scans a whole line; what stands behind the value must be its end. */
function scan(text: string | Buffer): JsonScanner {
  const scanner = new JsonScanner()
  scanner.bytes = Buffer.concat([Buffer.from(text), Buffer.of(LF)])
  scanner.skipValue()
  if (scanner.peek() !== LF || scanner.position !== scanner.bytes.length - 1)
    scanner.fail('expected the end of the line')
  return scanner
}

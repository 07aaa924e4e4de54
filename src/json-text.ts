/** Parses the JSON files of the command line. What is wrong is described by its position only, as files contain secrets. */
import { ConfigError, problem } from './errors.ts'

/** A file of the command line. */
export interface JsonSource {
  /** The option that names the file. */
  readonly option: '--config' | '--catalog'
  /** Undefined where the text is from no file. */
  readonly path?: string | undefined
}

type Reviver = NonNullable<Parameters<typeof JSON.parse>[1]>

const BYTE_ORDER_MARK = '\uFEFF'

/** Throws a ConfigError that names the file, the line and the column. */
export function parseJson(text: string, { option, path }: JsonSource, reviver?: Reviver): unknown {
  const json = text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text
  const name = path === undefined ? option : `${option}: ${path}`
  const params = { option, ...(path === undefined ? {} : { path }) }
  if (json.trim() === '')
    throw new ConfigError(problem('file-empty', `${name} is empty; write a JSON object into it.`, { params }))
  try {
    return JSON.parse(json, reviver) as unknown
  } catch {
    // The error itself quotes the text.
    const { offset, expected } = findJsonError(json)
    const before = json.slice(0, offset).split('\n')
    const [line, column] = [before.length, before.at(-1)!.length + 1]
    throw new ConfigError(
      problem(
        'file-not-json',
        `${name} is not valid JSON: line ${line}, column ${column}: ${expected} is expected there.`,
        { params: { ...params, line, column } },
      ),
    )
  }
}

interface JsonError {
  offset: number
  /** What valid JSON has at the offset. */
  expected: string
}

const SPACE = /[ \t\n\r]*/y
const TEXT = /"(?:[ !#-[\]-\u{10ffff}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.+-])|(?:true|false|null)(?!\w)/y

type Expected = 'value' | 'first value' | 'name' | 'first name' | 'colon' | 'separator'

/** Returns where invalid JSON stops being JSON. */
export function findJsonError(text: string): JsonError {
  /** The brackets that close what is open. */
  const closing: ('}' | ']')[] = []
  let expected: Expected = 'value'
  let offset = 0
  const behind = (pattern: RegExp): number => {
    pattern.lastIndex = offset
    return pattern.test(text) ? pattern.lastIndex : offset
  }
  for (;;) {
    offset = behind(SPACE)
    const character = text[offset]
    const bracket = closing.at(-1)
    if (character !== undefined && character === bracket && mayClose(expected)) {
      closing.pop()
      expected = 'separator'
      offset++
    } else if (expected === 'separator' && character === ',' && bracket !== undefined) {
      expected = bracket === '}' ? 'name' : 'value'
      offset++
    } else if (expected === 'colon' && character === ':') {
      expected = 'value'
      offset++
    } else if (isValue(expected) && (character === '{' || character === '[')) {
      closing.push(character === '{' ? '}' : ']')
      expected = character === '{' ? 'first name' : 'first value'
      offset++
    } else {
      const end = isValue(expected)
        ? Math.max(behind(TEXT), behind(SCALAR))
        : isName(expected)
          ? behind(TEXT)
          : offset
      if (end === offset) return { offset, expected: describe(expected, bracket) }
      expected = isName(expected) ? 'colon' : 'separator'
      offset = end
    }
  }
}

function isValue(expected: Expected): boolean {
  return expected === 'value' || expected === 'first value'
}

function isName(expected: Expected): boolean {
  return expected === 'name' || expected === 'first name'
}

function mayClose(expected: Expected): boolean {
  return expected === 'separator' || expected === 'first value' || expected === 'first name'
}

function describe(expected: Expected, bracket: string | undefined): string {
  switch (expected) {
    case 'value':
      return 'a value'
    case 'first value':
      return 'a value, or ]'
    case 'name':
      return 'a name in double quotes'
    case 'first name':
      return 'a name in double quotes, or }'
    case 'colon':
      return 'a colon'
    case 'separator':
      return bracket === undefined ? 'the end of the file' : `a comma, or ${bracket}`
  }
}

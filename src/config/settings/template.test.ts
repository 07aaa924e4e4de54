import { describe, expect, it } from 'vitest'
import { parseTemplate, type TemplatePart, type TemplateProblem } from './template.ts'

describe('a template', () => {
  it.each<[string, TemplatePart[]]>([
    ['', []],
    ['plain', [text('plain')]],
    ['user:${id}', [text('user:'), column('id')]],
    ['${a}${b.c}!', [column('a'), column('b.c'), text('!')]],
    ['{tag}:${id}}', [text('{tag}:'), column('id'), text('}')]],
    ['${two words}', [column('two words')]],
    ['5 $ a $x $', [text('5 $ a $x $')]],
    ['$${id}', [text('${id}')]],
    ['$${', [text('${')]],
    ['a$${b}${c}$${d', [text('a${b}'), column('c'), text('${d')]],
    ['${a}$${', [column('a'), text('${')]],
    ['$$${a}', [text('$${a}')]],
    ['${straße.ü}', [column('straße.ü')]],
    ['${airbyte_x}', [column('airbyte_x')]],
    ['${a\\}b}c', [column('a}b'), text('c')]],
    ['x${\\}\\}}}', [text('x'), column('}}'), text('}')]],
    ['\\}${a}', [text('\\}'), column('a')]],
    [
      '${_airbyte_namespace}:${_airbyte_stream}:${_airbyte_ab_id}:${_airbyte_primary_key}',
      [
        { kind: 'namespace' },
        text(':'),
        { kind: 'stream' },
        text(':'),
        { kind: 'id' },
        text(':'),
        { kind: 'primary_key' },
      ],
    ],
  ])('%j has its parts', (template, parts) => {
    const problems: TemplateProblem[] = []
    expect(parseTemplate(template, problems)).toEqual(parts)
    expect(problems).toEqual([])
  })

  const OPEN = 'template-not-closed'
  const EMPTY = 'template-without-column'
  const UNKNOWN = 'template-unknown-name'
  it.each<[string, string[]]>([
    ['${', [OPEN]],
    ['a:${id', [OPEN]],
    ['${a:${b}', [OPEN]],
    ['${}', [EMPTY]],
    ['a${}b${}', [EMPTY, EMPTY]],
    ['${_airbyte_id}', [`${UNKNOWN} _airbyte_id`]],
    ['${_airbyte_emitted_at}', [`${UNKNOWN} _airbyte_emitted_at`]],
    ['${_airbyte_x}${}${', [`${UNKNOWN} _airbyte_x`, EMPTY, OPEN]],
  ])('%j is refused, with all that is wrong', (template, expected) => {
    const problems: TemplateProblem[] = []
    parseTemplate(template, problems)
    expect(problems.map(({ code, params }) => [code, ...Object.values(params ?? {})].join(' '))).toEqual(
      expected,
    )
  })
})

function text(value: string): TemplatePart {
  return { kind: 'text', text: value }
}

function column(path: string): TemplatePart {
  return { kind: 'column', path }
}

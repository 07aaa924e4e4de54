/**
 * Splits `user:${id}` into its parts. `${…}` is a column or one of the connector's own names, `$${` is a literal `${`, `\}`
 * within a name is a literal `}`, and everything else is literal text.
 */

export type TemplatePart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'column'; readonly path: string }
  | { readonly kind: 'namespace' | 'stream' | 'id' | 'primary_key' }

export interface TemplateProblem {
  readonly code: string
  /** A sentence about the template, without its subject and the full stop. */
  readonly clause: string
  readonly params?: Readonly<Record<string, string>>
}

const OWN_NAMES = new Map<string, TemplatePart>([
  ['_airbyte_namespace', { kind: 'namespace' }],
  ['_airbyte_stream', { kind: 'stream' }],
  ['_airbyte_ab_id', { kind: 'id' }],
  ['_airbyte_primary_key', { kind: 'primary_key' }],
])

/** Adds mistakes to `problems`. The templates of a `Config` have been checked, and have none. */
export function parseTemplate(template: string, problems: TemplateProblem[] = []): TemplatePart[] {
  const parts: TemplatePart[] = []
  let text = ''
  let rest = template
  for (let at = rest.indexOf('${'); at !== -1; at = rest.indexOf('${')) {
    const isLiteral = rest[at - 1] === '$'
    text += isLiteral ? `${rest.slice(0, at - 1)}\${` : rest.slice(0, at)
    rest = rest.slice(at + 2)
    if (isLiteral) continue
    if (text !== '') parts.push({ kind: 'text', text })
    text = ''
    const end = closingBrace(rest)
    const name = rest.slice(0, end).replaceAll('\\}', '}')
    if (end === -1 || name.includes('${')) {
      problems.push({
        code: 'template-not-closed',
        clause: 'a ${ has no } after it; add it, or write $${ for a literal ${',
      })
      return parts
    }
    parts.push(partFor(name, problems))
    rest = rest.slice(end + 1)
  }
  text += rest
  return text === '' ? parts : [...parts, { kind: 'text', text }]
}

/** Returns the position of the first brace that no backslash escapes, -1 if there is none. */
function closingBrace(text: string): number {
  let end = text.indexOf('}')
  while (end > 0 && text[end - 1] === '\\') end = text.indexOf('}', end + 1)
  return end
}

function partFor(name: string, problems: TemplateProblem[]): TemplatePart {
  if (name === '')
    problems.push({
      code: 'template-without-column',
      clause: '${} names no column; put its name between the braces',
    })
  const own = OWN_NAMES.get(name)
  if (own === undefined && name.startsWith('_airbyte_'))
    problems.push({
      code: 'template-unknown-name',
      clause: `\${${name}} does not exist; use one of ${[...OWN_NAMES.keys()].join(', ')}, or a column`,
      params: { name },
    })
  return own ?? { kind: 'column', path: name }
}

// How the demo writes for people.
import { styleText } from 'node:util'

const counts = new Intl.NumberFormat('en-US')

export function formatCount(count: number): string {
  return counts.format(count)
}

/** Bold on a terminal, plain text elsewhere. */
export function formatHeading(text: string): string {
  return `\n${styleText('bold', text)}\n`
}

export function indent(text: string, width: number): string {
  return text.replaceAll(/^/gm, ' '.repeat(width))
}

/** Indented, except for what fits on a line. */
export function formatJson(value: unknown): string {
  // Line ends inside strings are escaped, so these are all between values.
  const line = JSON.stringify(value, undefined, 1).replaceAll(/\n\s*/g, ' ')
  if (line.length <= 80 || typeof value !== 'object' || value === null) return line
  const [open, close] = Array.isArray(value) ? '[]' : '{}'
  const entries = Object.entries(value).map(([name, inner]) => {
    const label = Array.isArray(value) ? '' : `${JSON.stringify(name)}: `
    return indent(`${label}${formatJson(inner)}`, 2)
  })
  return `${open}\n${entries.join(',\n')}\n${close}`
}

/** Reads which stream a record is of from the beginning of its line, as a line that is too long is never there as a whole. */

export interface RecordHead {
  readonly name: string
  readonly namespace: string | null
}

/** A string, a bracket or separator, or the text of any other value. No part can be read in two ways, so time is linear. */
const TOKEN = /\s*("(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s"{}[\]:,]+)/y

/** Returns the stream that is named in front of the record's data; undefined if that is not the beginning of a record. */
export function recordHeadIn(line: Buffer): RecordHead | undefined {
  let depth = 0
  let name = ''
  let isName = true
  const members = new Map<string, unknown>()
  for (const token of tokensIn(line.toString())) {
    if (token === '{') {
      // The data of the record, or the content of another message.
      if (depth === 2 || (depth === 1 && name !== 'record')) break
      depth++
      isName = true
    } else if (token === '}' || token === '[') break
    else if (token === ',' || token === ':') isName = token === ','
    else {
      const value = valueOf(token)
      if (isName) name = String(value)
      else members.set(`${depth} ${name}`, value)
    }
  }
  const [type, stream, namespace = null] = ['1 type', '2 stream', '2 namespace'].map((key) =>
    members.get(key),
  )
  const isRecord = depth === 2 && (type === undefined || type === 'RECORD') && typeof stream === 'string'
  if (!isRecord || (namespace !== null && typeof namespace !== 'string')) return undefined
  return { name: stream, namespace }
}

function* tokensIn(text: string): Generator<string> {
  const pattern = new RegExp(TOKEN)
  for (let found = pattern.exec(text); found !== null; found = pattern.exec(text)) yield found[1]!
}

function valueOf(token: string): unknown {
  try {
    return JSON.parse(token)
  } catch {
    return undefined
  }
}

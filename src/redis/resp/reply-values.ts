/** Reads the values in the bytes of replies that have been checked. */

const LF = 0x0a
const MINUS = 0x2d
const DOLLAR = 0x24

/** Returns the text of a simple string or a bulk string; null where that is null. */
export function textIn(bytes: Buffer, start: number, end: number): string | null {
  if (bytes[start] !== DOLLAR) return bytes.toString('latin1', start + 1, end - 2)
  const feed = bytes.indexOf(LF, start)
  return bytes[start + 1] === MINUS ? null : bytes.toString('utf8', feed + 1, end - 2)
}

/** Returns the elements of an array of strings, which `reply` holds. */
export function valuesIn(reply: Buffer): (string | null)[] {
  const values: (string | null)[] = []
  for (let at = reply.indexOf(LF) + 1; at < reply.length;) {
    const feed = reply.indexOf(LF, at)
    const isBulk = reply[at] === DOLLAR && reply[at + 1] !== MINUS
    const end = isBulk ? feed + 3 + Number(reply.toString('latin1', at + 1, feed - 1)) : feed + 1
    values.push(textIn(reply, at, end))
    at = end
  }
  return values
}

/** Steps through the members of a JSON object with a scanner: enter, then member and value, then next. */
import type { JsonScanner } from './json-scanner.ts'

const CLOSE_OBJECT = 0x7d
const COLON = 0x3a
const COMMA = 0x2c

/** Names to be told apart; a member is known by its index here. */
export type Names = readonly Buffer[]

export function names(...list: string[]): Names {
  return list.map((name) => Buffer.from(name))
}

/** Stands before an object: passes its opening bracket, and says whether it has a member. */
export function enterObject(scanner: JsonScanner): boolean {
  scanner.position++
  if (scanner.peek() !== CLOSE_OBJECT) return true
  scanner.position++
  return false
}

/** Passes a member's name and colon, and gives which of `known` it is, or -1. */
export function readName(scanner: JsonScanner, known: Names): number {
  const index = readString(scanner, known)
  scanner.expect(COLON, 'expected :')
  return index
}

/** Stands behind a member: passes the comma or the closing bracket, and says whether another member follows. */
export function nextMember(scanner: JsonScanner): boolean {
  const byte = scanner.peek()
  if (byte !== COMMA && byte !== CLOSE_OBJECT) scanner.fail('expected , or }')
  scanner.position++
  return byte === COMMA
}

/** Passes a string, and gives which of `known` it is, or -1. */
export function readString(scanner: JsonScanner, known: Names): number {
  scanner.peek()
  const start = scanner.position
  scanner.skipString()
  const end = scanner.position
  if (scanner.sawEscape) {
    const text: unknown = JSON.parse(scanner.bytes.toString('utf8', start, end))
    return known.findIndex((name) => name.toString() === text)
  }
  for (let i = 0; i < known.length; i++) if (equals(scanner.bytes, start + 1, end - 1, known[i]!)) return i
  return -1
}

function equals(bytes: Uint8Array, start: number, end: number, name: Uint8Array): boolean {
  if (end - start !== name.length) return false
  for (let i = 0; i < name.length; i++) if (bytes[start + i] !== name[i]) return false
  return true
}

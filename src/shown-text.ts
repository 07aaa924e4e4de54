/** Makes texts fit for logs: no text is longer than a host can show, and none can change how others are shown. */

/** The most bytes of a message; hosts cut longer ones where they like. */
const MOST_BYTES = 8_000

/** The most characters of a name within a message. */
const MOST_OF_NAME = 200

/** Shorter texts are parts of many words. */
const SHORT = 5

/** Control characters, and marks that change the direction or the lines of what is shown. */
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\ufeff]/gu

/** A text that is not shown, and what is shown in its place. */
export interface HiddenText {
  readonly text: string
  readonly shown: string
}

/** Replaces hidden texts, whole words where they are short. */
export function withoutHidden(text: string, hidden: readonly HiddenText[]): string {
  let result = text
  for (const { text: secret, shown } of hidden)
    if (result.includes(secret))
      result =
        secret.length < SHORT ? withoutWord(result, secret, shown) : result.replaceAll(secret, () => shown)
  return result
}

function withoutWord(text: string, word: string, shown: string): string {
  return text
    .split(/([\p{L}\p{N}]+)/u)
    .map((part) => (part === word ? shown : part))
    .join('')
}

/** Returns a text of one line, of at most so many bytes and a few words that say how much is left out. */
export function shownText(text: string, most = MOST_BYTES): string {
  if (text.length <= most) {
    const shown = escaped(text)
    if (Buffer.byteLength(shown) <= most) return shown
  }
  let [length, bytes] = [0, 0]
  for (const character of text) {
    bytes += Buffer.byteLength(escaped(character))
    if (bytes > most) break
    length += character.length
  }
  return escaped(cut(text, length))
}

/** Returns a name as a part of a message. */
export function shownName(name: string): string {
  return escaped(cut(name, MOST_OF_NAME))
}

/** Returns where an error was thrown, behind its message, which is given. */
export function shownStack(message: string, stack: string): string {
  const head = shownText(message, MOST_BYTES * 0.75)
  const frames = stack.split('\n').filter((line) => /^ {4}at /.test(line))
  const shown = [head]
  let bytes = Buffer.byteLength(head)
  for (const frame of frames.map(escaped)) {
    bytes += Buffer.byteLength(frame) + 1
    if (bytes > MOST_BYTES) break
    shown.push(frame)
  }
  return shown.join('\n')
}

function escaped(text: string): string {
  return text.replace(UNSAFE, (character) =>
    character === '\n' ? '\\n' : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

function cut(text: string, most: number): string {
  if (text.length <= most) return text
  return `${text.slice(0, most).replace(/[\ud800-\udbff]$/, '')}… and ${text.length - most} more characters`
}

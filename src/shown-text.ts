/** Makes texts fit for logs: no text is longer than a host can show, and none can change how others are shown. */

/** The most characters of a message; hosts cut longer ones where they like. */
const MOST_CHARACTERS = 8_000

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

/** Returns a text of one line, of a bounded length. */
export function shownText(text: string): string {
  return escaped(cut(text, MOST_CHARACTERS))
}

/** Returns a name as a part of a message. */
export function shownName(name: string): string {
  return escaped(cut(name, MOST_OF_NAME))
}

/** Returns where an error was thrown, without its message. */
export function shownStack(stack: string): string {
  const frames = stack.split('\n').filter((line) => /^ {4}at /.test(line))
  return cut(frames.map(escaped).join('\n'), MOST_CHARACTERS)
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

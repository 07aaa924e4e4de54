/** Makes texts fit for logs: no text is longer than a host can show, and none can change how others are shown. */

/** The most characters of a message; hosts cut longer ones where they like. */
const MOST_CHARACTERS = 8_000

/** The most characters of a name within a message. */
const MOST_OF_NAME = 200

/** Control characters, and marks that change the direction or the lines of what is shown. */
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g

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

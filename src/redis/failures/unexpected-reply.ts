/** Says that a server answered with an error that no rule is for. Its text may repeat what it was sent, so it is not shown. */
import { problem, type Problem } from '../../errors.ts'
import { shownText } from '../../shown-text.ts'
import type { Where } from '../transport/address.ts'

/** A command as it was sent; its arguments may be record data or secrets. */
export interface SentCommand {
  readonly name: string
  readonly args: () => readonly string[]
}

/** Servers begin their errors with a word in capitals. */
const FIRST_WORD = /^([A-Z][A-Z0-9]{1,31})(?= |$)/

const MOST_CHARACTERS = 200

/** The owner of the environment may have the texts shown, without the words that were sent. */
const SHOW = 'DESTINATION_REDIS_SHOW_SERVER_ERRORS'

export function unexpectedReply(where: Where, reply: string, command?: SentCommand): Problem {
  const word = FIRST_WORD.exec(reply)?.[1]
  const what = word === undefined || isSent(word, command) ? 'with an error' : word
  const to = command === undefined ? '' : ` to ${command.name}`
  const text =
    process.env[SHOW] === '1'
      ? `: ${withoutSent(reply, command)}`
      : `; its text is not shown, as it may hold data (${SHOW})`
  const params = { where, ...(command === undefined ? {} : { command: command.name }) }
  return problem('unexpected-reply', `Redis at ${where} answered ${what}${to}${text}.`, { params })
}

function isSent(word: string, command: SentCommand | undefined): boolean {
  return command?.args().some((argument) => argument.includes(word)) === true
}

/** Replaces each word that is in what was sent, also where the server has cut or quoted it. */
function withoutSent(reply: string, command: SentCommand | undefined): string {
  const args = command?.args() ?? []
  const words = reply
    .slice(0, 4 * MOST_CHARACTERS)
    .replace(/[\p{L}\p{N}_]+/gu, (word) => (args.some((argument) => argument.includes(word)) ? '…' : word))
  return shownText(words.slice(0, MOST_CHARACTERS))
}

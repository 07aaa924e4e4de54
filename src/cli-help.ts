/** Prints help, the version and completions, and suggests spellings. Loading yargs takes a while, so only this file does. */
import { readFileSync } from 'node:fs'
import yargs from 'yargs'
import { COMMANDS, COMPLETION, OPTIONS } from './cli-grammar.ts'

export async function printHelp(argv: readonly string[]): Promise<void> {
  const parser = yargs([...argv])
    .scriptName('destination-redis')
    .usage('$0 <command>\n\nAn Airbyte destination: writes records from standard input to Redis.')
  for (const [name, { summary, options }] of Object.entries(COMMANDS))
    parser.command(name, summary, Object.fromEntries(options.map((option) => [option, helpFor(option)])))
  await parser
    .completion(COMPLETION.name, COMPLETION.summary)
    .example('$0 check --config config.json', '')
    .example('$0 write --config config.json --catalog catalog.json < messages.jsonl', '')
    .version(packageVersion())
    .help()
    .exitProcess(false)
    // Help is what was asked for, whatever else is wrong with the command line.
    .fail(() => {})
    .parseAsync()
}

/** Returns `Did you mean write?`, or undefined if no candidate is similar. */
export async function suggestionFor(
  name: string,
  candidates: readonly string[],
): Promise<string | undefined> {
  const messages: string[] = []
  const dashes = /^-*/.exec(name)![0]
  const parser = yargs([name.slice(dashes.length)])
    .locale('en')
    .recommendCommands()
    .strict()
    .exitProcess(false)
    .fail((message) => void messages.push(message))
  for (const candidate of candidates) parser.command(candidate.slice(dashes.length), '')
  await parser.parseAsync()
  const suggestion = messages.find((message) => message.startsWith('Did you mean'))
  return suggestion?.replace('Did you mean ', `Did you mean ${dashes}`)
}

function helpFor(option: keyof typeof OPTIONS) {
  return { type: 'string', demandOption: true, requiresArg: true, describe: OPTIONS[option] } as const
}

function packageVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

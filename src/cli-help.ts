/** Prints help, the version and completions. Loading yargs takes a while, so only this file does. */
import { readFileSync } from 'node:fs'
import yargs, { type Options } from 'yargs'
import {
  COMMANDS,
  COMPLETION,
  EPILOGUE,
  EXAMPLES,
  FILE_OPTIONS,
  FLAG_OPTIONS,
  TEXT_OPTIONS,
  type OptionName,
} from './cli-grammar.ts'

export async function printHelp(argv: readonly string[]): Promise<void> {
  const parser = yargs([...argv])
    .scriptName('destination-redis')
    .usage('$0 <command>\n\nAn Airbyte destination: writes records from standard input to Redis.')
    .locale('en')
  for (const [name, { summary, requires, allows }] of Object.entries(COMMANDS)) {
    const names: readonly OptionName[] = [...requires, ...allows]
    parser.command(name, summary, Object.fromEntries(names.map((option) => [option, helpFor(option)])))
  }
  for (const [command, text] of EXAMPLES) parser.example(command, text)
  await parser
    .completion(COMPLETION.name, COMPLETION.summary)
    .epilogue(EPILOGUE)
    .wrap(null)
    .version(packageVersion())
    .help()
    .exitProcess(false)
    // Help is what was asked for, whatever else is wrong with the command line.
    .fail(() => {})
    .parseAsync()
}

function helpFor(option: OptionName): Options {
  if (Object.hasOwn(FLAG_OPTIONS, option))
    return { type: 'boolean', describe: FLAG_OPTIONS[option as keyof typeof FLAG_OPTIONS] }
  if (Object.hasOwn(TEXT_OPTIONS, option))
    return { type: 'string', requiresArg: true, describe: TEXT_OPTIONS[option as keyof typeof TEXT_OPTIONS] }
  return {
    type: 'string',
    demandOption: true,
    requiresArg: true,
    describe: FILE_OPTIONS[option as keyof typeof FILE_OPTIONS],
  }
}

function packageVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

/** The command line: which verb, with which files. */
import { readFileSync } from 'node:fs'
import { ConfigError } from './errors.ts'

export type Command =
  { verb: 'spec' } | { verb: 'check'; config: string } | { verb: 'write'; config: string; catalog: string }

/** The classic connector's own program took its verbs as options. */
const CLASSIC_VERBS = ['--spec', '--check', '--write']

/** Gives undefined where the command line only asked for help or the version, which is then printed. */
export async function readCommand(argv: readonly string[]): Promise<Command | undefined> {
  const words = withBareVerb(argv)
  return plainCommand(words) ?? parseCommand(words)
}

/**
 * The forms that hosts use. They need no parser, and that takes longer to load than the rest of the connector;
 * whatever differs from them in the least is left to it.
 */
function plainCommand([verb, ...words]: readonly string[]): Command | undefined {
  if (verb === 'spec' && words.length === 0) return { verb }
  const options = new Map<string, string>()
  for (let at = 0; at < words.length; at += 2) options.set(words[at]!, words[at + 1] ?? '-')
  const [config, catalog] = [options.get('--config'), options.get('--catalog')]
  if (words.length !== 2 * options.size || [...options.values()].some((path) => path.startsWith('-')))
    return undefined
  if (verb === 'check' && config !== undefined && options.size === 1) return { verb, config }
  if (verb === 'write' && config !== undefined && catalog !== undefined && options.size === 2)
    return { verb, config, catalog }
  return undefined
}

async function parseCommand(words: readonly string[]): Promise<Command | undefined> {
  const { default: yargs } = await import('yargs')
  let command: Command | undefined
  const config = {
    type: 'string',
    demandOption: true,
    requiresArg: true,
    describe: 'Configuration, a JSON file',
  } as const
  const catalog = { ...config, describe: 'Configured Airbyte catalog, a JSON file' } as const
  await yargs([...words])
    .scriptName('destination-redis')
    .usage('$0 <command>\n\nAn Airbyte destination: writes records from standard input to Redis.')
    .command('spec', 'Print what can be configured', {}, () => {
      command = { verb: 'spec' }
    })
    .command('check', 'Check a configuration against its Redis server', { config }, (args) => {
      command = { verb: 'check', config: args.config }
    })
    .command('write', 'Write the messages on standard input to Redis', { config, catalog }, (args) => {
      command = { verb: 'write', config: args.config, catalog: args.catalog }
    })
    .example('$0 check --config config.json', '')
    .example('$0 write --config config.json --catalog catalog.json < messages.jsonl', '')
    .demandCommand(1, 'Say what to do: spec, check or write.')
    .strict()
    .version(packageVersion())
    .help()
    .exitProcess(false)
    .showHelpOnFail(false)
    .fail((message, error) => {
      throw new ConfigError(message || error.message)
    })
    .parseAsync()
  return command
}

function withBareVerb(argv: readonly string[]): string[] {
  const verb = CLASSIC_VERBS.find((option) => argv.includes(option))
  return verb === undefined ? [...argv] : [verb.slice(2), ...argv.filter((word) => word !== verb)]
}

function packageVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

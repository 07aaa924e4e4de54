/** The commands and options of the command line, in one table for the reader, the help and the completions. */

export const COMMANDS = {
  spec: { summary: 'Print the options that a configuration can have', requires: [], allows: ['json'] },
  check: {
    summary: 'Check a configuration against its Redis server',
    requires: ['config'],
    allows: ['strict', 'exit-code', 'json'],
  },
  write: {
    summary: 'Write the messages on standard input to Redis',
    requires: ['config', 'catalog'],
    allows: ['json'],
  },
  clear: {
    summary: 'Remove what the connector has written: all streams, or some',
    requires: ['config'],
    allows: ['stream', 'pattern', 'dry-run', 'json'],
  },
} as const satisfies Record<string, Command>

interface Command {
  summary: string
  requires: readonly FileOption[]
  allows: readonly (FlagOption | TextOption)[]
}

/** Options with the path of a file. */
export const FILE_OPTIONS = {
  config: 'Path of the configuration, a JSON file',
  catalog: 'Path of the configured Airbyte catalog, a JSON file',
} as const

/** Options with a text, which may occur more than once. */
export const TEXT_OPTIONS = {
  stream: 'Name of a stream, or namespace.name; may occur more than once',
} as const

export const FLAG_OPTIONS = {
  pattern: 'Also remove rows that are in no index, by the pattern of their keys',
  'dry-run': 'Print what would be removed, and remove nothing',
  strict: 'Fail on options that do not exist',
  'exit-code': 'End with exit code 1 if the check failed, also where standard output is no terminal',
  json: 'Print Airbyte messages, also on a terminal',
} as const

export const COMPLETION = {
  name: 'completion',
  summary: 'Print a completion script for bash or zsh',
  /** The option with which the script asks for completions. */
  option: '--get-yargs-completions',
} as const

export const EXAMPLES = [
  ['$0 check --config config.json', 'Can a sync work?'],
  ['$0 write --config config.json --catalog catalog.json < messages.jsonl', 'Write records from a file'],
  ['$0 clear --config config.json --stream public.users --dry-run', 'What does a stream have in Redis?'],
  ['$0 completion >> ~/.bashrc', 'Complete commands and options in bash; for zsh, add it to ~/.zshrc'],
] as const

export const EPILOGUE = `Exit codes:
  0    done; for check on a pipe, also if it FAILED, as the Airbyte protocol requires
  1    failed; standard output says why
  129  ended by SIGHUP
  130  ended by Ctrl-C (SIGINT)
  143  ended by SIGTERM; what was acknowledged is written

Environment:
  {{ NAME }} as the whole value of a connection option is replaced by the environment variable NAME
  NO_COLOR, TERM=dumb or CI switch the colours off
  DESTINATION_REDIS_ENV_ALLOW limits which variables a configuration can read
  DESTINATION_REDIS_SHOW_SERVER_ERRORS shows the texts of a server's errors, which may hold record data

Standard output is plain text on a terminal, and Airbyte messages (JSON lines) on a pipe or with --json.
docs/errors.md explains every code in brackets.`

export type FileOption = keyof typeof FILE_OPTIONS
export type TextOption = keyof typeof TEXT_OPTIONS
export type FlagOption = keyof typeof FLAG_OPTIONS
export type OptionName = FileOption | TextOption | FlagOption
export type Verb = keyof typeof COMMANDS

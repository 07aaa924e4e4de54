/** The commands and options of the command line, in one table for the reader and the help. */

export const COMMANDS = {
  spec: { summary: 'Print the options that a configuration can have', options: [] },
  check: { summary: 'Check a configuration against its Redis server', options: ['config'] },
  write: { summary: 'Write the messages on standard input to Redis', options: ['config', 'catalog'] },
} as const satisfies Record<string, { summary: string; options: readonly OptionName[] }>

/** Every option takes the path of a file, and is required by the commands that have it. */
export const OPTIONS = {
  config: 'Path of the configuration, a JSON file',
  catalog: 'Path of the configured Airbyte catalog, a JSON file',
} as const

export const COMPLETION = {
  name: 'completion',
  summary: 'Print a completion script for bash or zsh',
  /** The option with which the script asks for completions. */
  option: '--get-yargs-completions',
} as const

export type OptionName = keyof typeof OPTIONS
export type Verb = keyof typeof COMMANDS

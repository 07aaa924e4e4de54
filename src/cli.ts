/** Reads the command line: the command, and the paths of its files. */
import { parseArgs } from 'node:util'
import { ConfigError, problem } from './errors.ts'
import { listOr } from './wording.ts'
import { COMMANDS, COMPLETION, OPTIONS, type OptionName, type Verb } from './cli-grammar.ts'

/** A command with the paths of its files. */
export type Invocation =
  { verb: 'spec' } | { verb: 'check'; config: string } | { verb: 'write'; config: string; catalog: string }

const HELP_OPTIONS = ['--help', '--version', COMPLETION.option]

interface Arguments {
  /** Commands, and everything else that is not an option. */
  positionals: string[]
  files: Map<OptionName, string>
}

/** Returns undefined after printing what the command line asks for: help, the version, or completions. */
export async function readInvocation(argv: readonly string[]): Promise<Invocation | undefined> {
  if (asksForHelp(argv)) {
    const { printHelp } = await import('./cli-help.ts')
    await printHelp(argv.map((argument) => (isClassicVerb(argument) ? argument.slice(2) : argument)))
    return undefined
  }
  const { positionals, files } = await readArguments(argv)
  const [verb, unexpected] = positionals
  if (verb === undefined)
    throw new ConfigError(problem('command-missing', `Give a command: ${listOr(Object.keys(COMMANDS))}.`))
  if (!isVerb(verb)) throw await unknownCommand(verb)
  if (unexpected !== undefined)
    throw new ConfigError(
      problem('argument-unexpected', `The argument ${unexpected} is one too many for the command ${verb}.`, {
        params: { command: verb, argument: unexpected },
      }),
    )
  return invocationOf(verb, files)
}

/** Returns whether the arguments ask for help, the version or completions, whatever else they contain. */
function asksForHelp(argv: readonly string[]): boolean {
  return argv[0] === COMPLETION.name || argv.some((argument) => HELP_OPTIONS.includes(argument))
}

async function readArguments(argv: readonly string[]): Promise<Arguments> {
  const { tokens } = parseArgs({
    args: [...argv],
    options: {
      ...optionsOfType(Object.keys(OPTIONS), 'string'),
      ...optionsOfType(Object.keys(COMMANDS), 'boolean'),
    },
    strict: false,
    tokens: true,
  })
  const result: Arguments = { positionals: [], files: new Map() }
  for (const token of tokens) {
    if (token.kind === 'positional') result.positionals.push(token.value)
    if (token.kind !== 'option') continue
    const { name, rawName, value, inlineValue } = token
    // The classic connector's own program has its commands as options.
    if (isVerb(name)) result.positionals.unshift(name)
    else if (!isOption(name)) throw await unknownOption(rawName)
    else if (value === undefined || (!inlineValue && value.startsWith('-'))) throw missingValue(rawName)
    else if (result.files.has(name)) throw repeatedOption(rawName)
    else result.files.set(name, value)
  }
  return result
}

function invocationOf(verb: Verb, files: ReadonlyMap<OptionName, string>): Invocation {
  const allowed: readonly OptionName[] = COMMANDS[verb].options
  for (const option of files.keys())
    if (!allowed.includes(option))
      throw new ConfigError(
        problem('argument-option-unsuitable', `The command ${verb} has no option --${option}.`, {
          params: { command: verb, option },
        }),
      )
  const pathOf = (option: OptionName): string => {
    const path = files.get(option)
    if (path === undefined)
      throw new ConfigError(
        problem(
          'argument-option-missing',
          `The command ${verb} requires --${option} with the path of a file.`,
          {
            params: { command: verb, option },
          },
        ),
      )
    return path
  }
  switch (verb) {
    case 'spec':
      return { verb }
    case 'check':
      return { verb, config: pathOf('config') }
    case 'write':
      return { verb, config: pathOf('config'), catalog: pathOf('catalog') }
  }
}

async function unknownCommand(command: string): Promise<ConfigError> {
  const { suggestionFor } = await import('./cli-help.ts')
  const advice =
    (await suggestionFor(command, Object.keys(COMMANDS))) ?? `Use ${listOr(Object.keys(COMMANDS))}.`
  return new ConfigError(
    problem('command-unknown', `There is no command ${command}. ${advice}`, { params: { command } }),
  )
}

async function unknownOption(rawName: string): Promise<ConfigError> {
  const { suggestionFor } = await import('./cli-help.ts')
  const options = Object.keys(OPTIONS).map((option) => `--${option}`)
  const advice = (await suggestionFor(rawName, options)) ?? `The options are ${options.join(' and ')}.`
  return new ConfigError(
    problem('argument-option-unknown', `There is no option ${rawName}. ${advice}`, {
      params: { option: rawName },
    }),
  )
}

function missingValue(rawName: string): ConfigError {
  return new ConfigError(
    problem('argument-value-missing', `The option ${rawName} requires the path of a file.`, {
      params: { option: rawName },
    }),
  )
}

function repeatedOption(rawName: string): ConfigError {
  return new ConfigError(
    problem('argument-repeated', `The option ${rawName} occurs more than once.`, {
      params: { option: rawName },
    }),
  )
}

function optionsOfType<Type extends 'string' | 'boolean'>(
  names: readonly string[],
  type: Type,
): Record<string, { type: Type }> {
  return Object.fromEntries(names.map((name) => [name, { type }]))
}

function isVerb(name: string): name is Verb {
  return Object.hasOwn(COMMANDS, name)
}

function isOption(name: string): name is OptionName {
  return Object.hasOwn(OPTIONS, name)
}

function isClassicVerb(argument: string): boolean {
  return argument.startsWith('--') && isVerb(argument.slice(2))
}

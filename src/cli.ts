/** Reads the command line: the command, and its options. */
import { parseArgs } from 'node:util'
import { ConfigError, problem } from './errors.ts'
import { listAnd, listOr, nearestName } from './wording.ts'
import {
  COMMANDS,
  COMPLETION,
  FILE_OPTIONS,
  FLAG_OPTIONS,
  TEXT_OPTIONS,
  type FileOption,
  type FlagOption,
  type OptionName,
  type TextOption,
  type Verb,
} from './cli-grammar.ts'

/** A command with its options. `json`: whether messages are printed also on a terminal. */
export type Invocation = { json: boolean } & (
  | { verb: 'spec' }
  | { verb: 'check'; config: string; strict: boolean; exitCode: boolean }
  | { verb: 'write'; config: string; catalog: string }
  | { verb: 'clear'; config: string; streams: readonly string[]; byPattern: boolean; dryRun: boolean }
)

const HELP_OPTIONS = ['--help', '--version', COMPLETION.option]

/** A command of sources, which some hosts send to every connector. */
const DISCOVER = 'discover'

interface Arguments {
  /** Commands, and everything else that is not an option. */
  positionals: string[]
  files: Map<FileOption, string>
  texts: Map<TextOption, string[]>
  flags: Set<FlagOption>
}

/** Returns undefined after printing what the command line asks for: help, the version, or completions. */
export async function readInvocation(argv: readonly string[]): Promise<Invocation | undefined> {
  if (asksForHelp(argv)) {
    const { printHelp } = await import('./cli-help.ts')
    await printHelp(argv.map((argument) => (isClassicVerb(argument) ? argument.slice(2) : argument)))
    return undefined
  }
  if (argv.includes(DISCOVER)) throw noDiscover()
  const given = readArguments(argv)
  const [verb, unexpected] = given.positionals
  if (verb === undefined)
    throw new ConfigError(
      problem(
        'command-missing',
        `Give a command: ${listOr(Object.keys(COMMANDS))}. destination-redis --help explains them.`,
      ),
    )
  if (!isVerb(verb)) throw unknownCommand(verb)
  if (unexpected !== undefined)
    throw new ConfigError(
      problem('argument-unexpected', `The argument ${unexpected} is one too many for the command ${verb}.`, {
        params: { command: verb, argument: unexpected },
      }),
    )
  return invocationOf(verb, given)
}

/** Returns whether the arguments ask for help, the version or completions, whatever else they contain. */
function asksForHelp(argv: readonly string[]): boolean {
  return argv[0] === COMPLETION.name || argv.some((argument) => HELP_OPTIONS.includes(argument))
}

function readArguments(argv: readonly string[]): Arguments {
  const { tokens } = parseArgs({
    args: [...argv],
    options: {
      ...optionsOfType(Object.keys({ ...FILE_OPTIONS, ...TEXT_OPTIONS }), 'string'),
      ...optionsOfType(Object.keys({ ...COMMANDS, ...FLAG_OPTIONS }), 'boolean'),
    },
    strict: false,
    tokens: true,
  })
  const result: Arguments = { positionals: [], files: new Map(), texts: new Map(), flags: new Set() }
  // The command decides whether an unknown option is reported, or the command itself.
  const unknown: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') result.positionals.push(token.value)
    if (token.kind !== 'option') continue
    const { name, rawName, value, inlineValue } = token
    // The classic connector's own program has its commands as options.
    if (isVerb(name)) result.positionals.unshift(name)
    else if (isFlag(name)) result.flags.add(name)
    else if (!isFile(name) && !isText(name)) unknown.push(rawName)
    else if (value === undefined || value === '' || (!inlineValue && value.startsWith('-')))
      throw missingValue(rawName, isFile(name))
    else if (isText(name)) result.texts.set(name, [...(result.texts.get(name) ?? []), value])
    else if (result.files.has(name)) throw repeatedOption(rawName)
    else result.files.set(name, value)
  }
  const [verb] = result.positionals
  if (unknown[0] !== undefined && (verb === undefined || isVerb(verb))) throw unknownOption(unknown[0])
  return result
}

function invocationOf(verb: Verb, { files, texts, flags }: Arguments): Invocation {
  const { requires, allows } = COMMANDS[verb]
  const allowed: readonly OptionName[] = [...requires, ...allows]
  for (const option of [...files.keys(), ...texts.keys(), ...flags])
    if (!allowed.includes(option))
      throw new ConfigError(
        problem('argument-option-unsuitable', `The command ${verb} has no option --${option}.`, {
          params: { command: verb, option },
        }),
      )
  const pathOf = (option: FileOption): string => files.get(option) ?? missingOption(verb, option)
  const json = flags.has('json')
  switch (verb) {
    case 'spec':
      return { verb, json }
    case 'check':
      return {
        verb,
        json,
        config: pathOf('config'),
        strict: flags.has('strict'),
        exitCode: flags.has('exit-code'),
      }
    case 'write':
      return { verb, json, config: pathOf('config'), catalog: pathOf('catalog') }
    case 'clear':
      return {
        verb,
        json,
        config: pathOf('config'),
        streams: texts.get('stream') ?? [],
        byPattern: flags.has('pattern'),
        dryRun: flags.has('dry-run'),
      }
  }
}

function noDiscover(): ConfigError {
  return new ConfigError(
    problem(
      'discover-not-possible',
      `A destination has no streams to discover; the commands are ${listAnd(Object.keys(COMMANDS))}.`,
    ),
  )
}

function unknownCommand(command: string): ConfigError {
  const nearest = nearestName(command, Object.keys(COMMANDS))
  const advice = nearest === undefined ? `Use ${listOr(Object.keys(COMMANDS))}.` : `Did you mean ${nearest}?`
  return new ConfigError(
    problem('command-unknown', `There is no command ${command}. ${advice}`, { params: { command } }),
  )
}

function unknownOption(rawName: string): ConfigError {
  const names = Object.keys({ ...FILE_OPTIONS, ...TEXT_OPTIONS, ...FLAG_OPTIONS })
  const options = names.map((option) => `--${option}`)
  const nearest = nearestName(rawName, options)
  const advice = nearest === undefined ? `The options are ${listAnd(options)}.` : `Did you mean ${nearest}?`
  return new ConfigError(
    problem('argument-option-unknown', `There is no option ${rawName}. ${advice}`, {
      params: { option: rawName },
    }),
  )
}

function missingOption(command: Verb, option: FileOption): never {
  throw new ConfigError(
    problem(
      'argument-option-missing',
      `The command ${command} requires --${option} with the path of a file.`,
      {
        params: { command, option },
      },
    ),
  )
}

function missingValue(rawName: string, isPath: boolean): ConfigError {
  const value = isPath ? 'the path of a file' : 'a value'
  return new ConfigError(
    problem('argument-value-missing', `The option ${rawName} requires ${value}.`, {
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

function isFile(name: string): name is FileOption {
  return Object.hasOwn(FILE_OPTIONS, name)
}

function isText(name: string): name is TextOption {
  return Object.hasOwn(TEXT_OPTIONS, name)
}

function isFlag(name: string): name is FlagOption {
  return Object.hasOwn(FLAG_OPTIONS, name)
}

function isClassicVerb(argument: string): boolean {
  return argument.startsWith('--') && isVerb(argument.slice(2))
}

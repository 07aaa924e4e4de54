/**
 * The three kinds of failure that the Airbyte protocol has. Sentences are written for the operator: they name the
 * option, stream, line or host and say what to do, and never contain record data or secrets.
 */
export type FailureType = 'config_error' | 'transient_error' | 'system_error'

/** One reason why a run cannot work: a code for programs and docs/errors.md, and a sentence for the operator. */
export interface Problem {
  /** Kebab-case and stable; docs/errors.md has its cause and remedy. */
  readonly code: string
  /** The paths of the options in the configuration: `host`, `deployment.nodes[0]`. */
  readonly options: readonly string[]
  /** Names and numbers in the sentence, for tests and programs. Never record data or secrets. */
  readonly params: Readonly<Record<string, string | number>>
  readonly sentence: string
}

export function problem(
  code: string,
  sentence: string,
  { options = [], params = {} }: Partial<Pick<Problem, 'options' | 'params'>> = {},
): Problem {
  return { code, options, params, sentence }
}

/** Returns a problem whose sentence starts with the options: `url and host: both are set; keep one of them.` */
export function optionProblem(
  code: string,
  options: string | readonly string[],
  clause: string,
  params: Problem['params'] = {},
): Problem {
  const names = [options].flat()
  return problem(code, `${names.join(' and ')}: ${clause}.`, { options: names, params })
}

/** Returns the text for people: the sentence, and the code behind it. */
export function textOf({ sentence, code }: Problem): string {
  return `${sentence} [${code}]`
}

/** A message has no more problems than this, and about as many characters at most. */
const MOST_PROBLEMS = 50
const MOST_CHARACTERS = 6_000

/** Returns the texts of as many problems as a message has room for, and how many more there are. */
function shownTexts(problems: readonly Problem[]): string[] {
  const texts: string[] = []
  let characters = 0
  for (const one of problems) {
    const text = textOf(one)
    characters += text.length
    const isFull = texts.length === MOST_PROBLEMS || (texts.length > 0 && characters > MOST_CHARACTERS)
    if (isFull) return [...texts, `… and ${problems.length - texts.length} more problems.`]
    texts.push(text)
  }
  return texts
}

export interface ConnectorErrorOptions extends ErrorOptions {
  /** A sentence in front of the problems. */
  readonly lead?: string
}

export abstract class ConnectorError extends Error {
  abstract readonly failureType: FailureType
  readonly problems: readonly Problem[]

  constructor(
    problemOrProblems: Problem | readonly Problem[],
    { lead, ...options }: ConnectorErrorOptions = {},
  ) {
    const problems = [problemOrProblems].flat()
    super([...(lead === undefined ? [] : [lead]), ...shownTexts(problems)].join(' '), options)
    this.problems = problems
  }

  /** The first problem; undefined where the error has no code. */
  get problem(): Problem | undefined {
    return this.problems[0]
  }
}

/** The operator has to change something before another attempt can succeed. */
export class ConfigError extends ConnectorError {
  override readonly name = 'ConfigError'
  readonly failureType = 'config_error'
}

/** Another attempt may succeed without any change. */
export class TransientError extends ConnectorError {
  override readonly name = 'TransientError'
  readonly failureType = 'transient_error'
}

/** The input, or the connector itself, is at fault. */
export class SystemError extends ConnectorError {
  override readonly name = 'SystemError'
  readonly failureType = 'system_error'
}

export function failureTypeOf(error: unknown): FailureType {
  return error instanceof ConnectorError ? error.failureType : 'system_error'
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Returns the message of an error without codes, for a sentence that has a code of its own. */
export function sentenceOf(error: unknown): string {
  const problems = error instanceof ConnectorError ? error.problems : []
  return problems.length === 0 ? messageOf(error) : problems.map(({ sentence }) => sentence).join(' ')
}

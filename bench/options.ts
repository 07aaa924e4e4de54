// Reads the command line.
import { parseArgs } from 'node:util'

const suiteNames = [
  'size',
  'layouts',
  'streams',
  'memory',
  'cores',
  'others',
  'changes',
  'cluster',
  'distance',
  'growth',
  'start',
  'exactly-once',
  'builds',
  'image',
] as const

export type SuiteName = (typeof suiteNames)[number]

/** The options of suites that compare with another program. */
const takes: Partial<Record<SuiteName, 'base' | 'image'>> = {
  'exactly-once': 'base',
  builds: 'base',
  image: 'image',
}

export type Address = { host: string; port: number }

export type Options = {
  suites: SuiteName[]
  /** Factor for the full counts of records. */
  scale: number
  runs: number
  image: string | undefined
  /** The main.js of another build, for the suites that compare with one. */
  base: string | undefined
  /** A Redis elsewhere; undefined for a private one. */
  redis: Address | undefined
  out: string | undefined
  write: boolean
  /** The command line again, for the report. */
  command: string
}

export const usage = `npm run bench -- [suite …] [option …]

Suites: ${suiteNames.slice(0, 7).join(', ')},
${suiteNames.slice(7).join(', ')}; without a name all,
but exactly-once and builds only with --base, and image only with --image.

  --full               full counts and 5 runs: over an hour
  --scale NUMBER       factor for the full counts (quick: 0.2)
  --runs NUMBER        pairs of alternating runs (quick: 3, full: 5)
  --image IMAGE        the suite image: the sizes through \`docker run\`, beside the local build
  --base PATH          the suites exactly-once and builds: the main.js of another build to compare with
  --redis HOST:PORT    a Redis elsewhere; its password is taken from REDISCLI_AUTH
  --allow-flush        allow its database 0 to be flushed, again and again
  --out FILE           write the tables to a file, and the plots beside it
  --write              write them into bench/README.md, and the plots beside it`

/** Returns undefined if the command line asks for help. */
export function readOptions(argv: string[]): Options | undefined {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      full: { type: 'boolean', default: false },
      scale: { type: 'string' },
      runs: { type: 'string' },
      image: { type: 'string' },
      base: { type: 'string' },
      redis: { type: 'string' },
      'allow-flush': { type: 'boolean', default: false },
      out: { type: 'string' },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return undefined
  if (values.redis && !values['allow-flush'])
    throw new Error(`Database 0 of ${values.redis} would be flushed; if that is fine, add --allow-flush.`)
  return {
    suites: suitesFrom(positionals, values),
    scale: positive('--scale', values.scale) ?? (values.full ? 1 : 0.2),
    runs: Math.ceil(positive('--runs', values.runs) ?? (values.full ? 5 : 3)),
    image: values.image,
    base: values.base,
    redis: values.redis === undefined ? undefined : address(values.redis),
    out: values.out,
    write: values.write,
    command: ['npm run bench', ...(argv.length > 0 ? ['--', ...argv] : [])].join(' '),
  }
}

type Given = { image?: string; base?: string; write: boolean }

function suitesFrom(names: string[], given: Given): SuiteName[] {
  const missing = (name: SuiteName) => {
    const option = takes[name]
    return option !== undefined && given[option] === undefined ? option : undefined
  }
  if (names.length === 0) return suiteNames.filter((name) => missing(name) === undefined)
  if (given.write)
    throw new Error('--write takes every suite, because it replaces the whole report: name none.')
  return names.map((name) => {
    const suite = suiteNames.find((one) => one === name)
    if (suite === undefined) throw new Error(`There is no suite ${name}, but ${suiteNames.join(', ')}.`)
    if (missing(suite) !== undefined) throw new Error(`The suite ${suite} takes --${missing(suite)}.`)
    return suite
  })
}

function positive(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const number = Number(text)
  if (number > 0 && Number.isFinite(number)) return number
  throw new Error(`${option} must be a number above zero, not ${text}.`)
}

function address(text: string): Address {
  const [, host, port] = /^(.+):(\d+)$/.exec(text) ?? []
  if (host === undefined) throw new Error(`--redis must look like host:port, not ${text}.`)
  return { host, port: Number(port) }
}

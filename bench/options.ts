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

/** Suites that compare with something that has to be there. */
const takes = { 'exactly-once': 'base', builds: 'base', image: 'image' } as const

export type SuiteName = (typeof suiteNames)[number]

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

Suites: ${suiteNames.join(', ')}; without a name
all, but exactly-once and builds only with --base, and image only with --image.

  --full               full counts and 5 runs: about 35 minutes
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

function suitesFrom(names: string[], values: { image?: string; base?: string; write: boolean }): SuiteName[] {
  const unknown = names.find((name) => !suiteNames.some((suite) => suite === name))
  if (unknown !== undefined) throw new Error(`There is no suite ${unknown}, but ${suiteNames.join(', ')}.`)
  if (names.length > 0 && values.write)
    throw new Error('--write takes every suite, because it replaces the whole report: name none.')
  const asked = new Set(names.length > 0 ? names : suiteNames.filter((name) => !(name in takes)))
  for (const [name, option] of Object.entries(takes))
    if (values[option] === undefined && asked.has(name))
      throw new Error(`The suite ${name} takes --${option}.`)
    else if (values[option] !== undefined && names.length === 0) asked.add(name)
  return suiteNames.filter((name) => asked.has(name))
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

// Reads the command line.
import { parseArgs } from 'node:util'

const suiteNames = [
  'size',
  'layouts',
  'others',
  'changes',
  'cluster',
  'distance',
  'growth',
  'memory',
  'exactly-once',
  'builds',
  'start',
  'streams',
  'image',
] as const
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

Suites: ${suiteNames.join(', ')}; without a name all but image, which needs --image.

  --full               full counts and 5 runs: about 35 minutes
  --scale NUMBER       factor for the full counts (quick: 0.2)
  --runs NUMBER        pairs of alternating runs (quick: 3, full: 5)
  --image IMAGE        the size suite through \`docker run\` as well, beside the local build
  --base PATH          the main.js of another build, which exactly-once and builds compare with
  --redis HOST:PORT    a Redis elsewhere; its password is taken from REDISCLI_AUTH
  --allow-flush        allow its database 0 to be flushed, again and again
  --out FILE           write the tables to a file, too
  --write              put them into bench/README.md, and the plot into bench/throughput.svg`

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
    suites: suitesFrom(positionals, values.image),
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

function suitesFrom(names: string[], image: string | undefined): SuiteName[] {
  const unknown = names.find((name) => !suiteNames.some((suite) => suite === name))
  if (unknown !== undefined) throw new Error(`There is no suite ${unknown}, but ${suiteNames.join(', ')}.`)
  const asked = new Set(names.length > 0 ? names : suiteNames.filter((name) => name !== 'image'))
  if (image !== undefined) asked.add('image')
  else if (asked.has('image')) throw new Error('The suite image needs an image: add --image IMAGE.')
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

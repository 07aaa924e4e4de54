// The rooms of src/: what each knows, and which other rooms it may import. From this table come the import rules
// in .oxlintrc.json and the list in docs/architecture.md; `npm run check` compares both, `node .ci/rooms.mjs --write`
// writes them.
import { readFileSync, writeFileSync } from 'node:fs'

/** By path below src/: what the room knows, and the rooms that it may import. `errors.ts`, `json-text.ts`, `log.ts`, `shown-text.ts` and `wording.ts` are open to all. */
export const ROOMS = {
  'config/settings': {
    knows: 'the types of a parsed configuration, and the syntax of templates',
    mayImport: [],
  },
  'config/layout-options': {
    knows: 'the options that say what a record becomes: their values, and which of them fit together',
    mayImport: ['settings'],
  },
  'config/redis-options': {
    knows: 'the options that say where Redis is and how to reach it',
    mayImport: ['settings'],
  },
  'config/schema': {
    knows: 'spec.json, and how a configuration is checked against it',
    mayImport: ['layout-options'],
  },
  'config/parsing': {
    knows: 'the way from a configuration file to a `Config`: text, environment, schema, options',
    mayImport: ['settings', 'layout-options', 'redis-options', 'schema'],
  },
  'protocol/scanner': {
    knows: 'the WebAssembly scanner and the memory it shares with JavaScript',
    mayImport: [],
  },
  'protocol/columns': {
    knows: 'the columns of one record, by path, as ranges of bytes',
    mayImport: ['scanner'],
  },
  'protocol/input': {
    knows: 'the way from standard input to messages: chunks, blocks of memory, lines',
    mayImport: ['scanner'],
  },
  'protocol/airbyte': {
    knows: "Airbyte's own messages: catalog, states, statuses, and what is printed",
    mayImport: ['input'],
  },
  'redis/memory': {
    knows: 'memory that is used again and again: pools of buffers, what is left of a chunk',
    mayImport: [],
  },
  'redis/resp': {
    knows: 'bytes on the wire: commands written, replies read, hash slots computed',
    mayImport: ['memory'],
  },
  'redis/commands': {
    knows: 'what may be sent to which server version, and the scripts',
    mayImport: ['resp'],
  },
  'redis/transport': {
    knows: 'open byte streams to an address: TCP, Unix sockets, TLS, SSH tunnels',
    mayImport: ['settings'],
  },
  'redis/failures': {
    knows: 'what an error or an error reply means, and how long an outage is waited for',
    mayImport: ['settings', 'resp', 'transport'],
  },
  'redis/session': {
    knows: 'one node: its connections, its write pipeline, and its time limit for replies',
    mayImport: ['settings', 'resp', 'commands', 'transport', 'failures'],
  },
  'redis/topology': {
    knows: 'which node is a master now, by sentinels or by the slot map of a cluster',
    mayImport: ['settings', 'resp', 'transport', 'failures', 'session'],
  },
  'redis/sequencing': {
    knows:
      'the numbers that prove what a server has run, and the guard around transactions that run exactly once',
    mayImport: ['resp', 'failures', 'session'],
  },
  'redis/queue': {
    knows:
      'what a run has sent or will send, in order: writes and commands in flight, redirects, durability waits',
    mayImport: ['settings', 'memory', 'resp', 'failures', 'session', 'sequencing'],
  },
  'redis/client': {
    knows:
      'the connections of a run: opened, lost and opened again, and those of former runs that it closes (fencing)',
    mayImport: [
      'settings',
      'resp',
      'commands',
      'transport',
      'failures',
      'session',
      'topology',
      'sequencing',
      'queue',
    ],
  },
  'redis/health': {
    knows: 'what `check` finds out about a server: version, memory, persistence, permissions, keys',
    mayImport: ['settings', 'resp', 'commands', 'transport', 'failures', 'session', 'topology'],
  },
  'layout/encoding': {
    knows: 'what a layout is: the record it is given, and the commands it fills',
    mayImport: ['settings', 'columns', 'resp', 'commands'],
  },
  'layout/fields': {
    knows: 'what of a record is written: columns, text, templates, filters, times to live',
    mayImport: ['settings', 'columns', 'resp', 'encoding'],
  },
  'layout/contract': {
    knows:
      'what a structure says about itself, and the layout that structures with many records under a key share',
    mayImport: ['settings', 'resp', 'commands', 'encoding', 'fields'],
  },
  'layout/locations': {
    knows: 'where a row lives: its key or member, its staging key, keys made of ids',
    mayImport: ['settings', 'resp', 'commands', 'encoding', 'fields', 'contract'],
  },
  'layout/structures': {
    knows: 'one file for each Redis structure: all that is special about it',
    mayImport: ['settings', 'columns', 'resp', 'commands', 'encoding', 'fields', 'contract'],
  },
  'layout/registry': {
    knows: 'the list of all structures, and which of them a stream gets',
    mayImport: ['settings', 'encoding', 'fields', 'contract', 'locations', 'structures'],
  },
  'terminal/view': {
    knows: 'how messages and the progress of a run look on a terminal',
    mayImport: [],
  },
  'sync/drafts': {
    knows:
      'what the catalog and the configuration say of each stream, whether both fit, and the names of its own keys',
    mayImport: ['settings', 'airbyte', 'resp', 'encoding', 'locations', 'registry'],
  },
  'sync/streams': {
    knows: 'what is known of each stream: its plan, its metadata and generations, its lease',
    mayImport: [
      'settings',
      'airbyte',
      'columns',
      'session',
      'client',
      'resp',
      'commands',
      'encoding',
      'fields',
      'locations',
      'registry',
      'drafts',
    ],
  },
  'sync/ids': {
    knows:
      'the ids of each stream: its counter, the ids that each batch gets, and what keeps them from starting again',
    mayImport: ['session', 'client', 'resp', 'locations', 'drafts', 'streams'],
  },
  'sync/batches': {
    knows: 'a batch: records in order and the states behind them, and the memory it uses',
    mayImport: ['settings', 'input', 'airbyte', 'columns', 'memory', 'resp', 'encoding', 'streams'],
  },
  'sync/cursors': {
    knows: 'which of two cursors is the higher one: numbers, times and texts',
    mayImport: [],
  },
  'sync/rows': {
    knows: 'the rows of a batch: their index entries encoded, found by location, and which version is newer',
    mayImport: ['memory', 'resp', 'encoding', 'batches', 'cursors'],
  },
  'sync/dedup': {
    knows: 'which record of a row is the newest, and the index of the keys a stream has written',
    mayImport: [
      'settings',
      'columns',
      'memory',
      'resp',
      'client',
      'encoding',
      'locations',
      'registry',
      'drafts',
      'streams',
      'ids',
      'batches',
      'rows',
    ],
  },
  'sync/attempts': {
    knows:
      'what a run records of what it writes, so that the next one can take back what was not acknowledged',
    mayImport: [
      'settings',
      'resp',
      'commands',
      'client',
      'encoding',
      'registry',
      'drafts',
      'streams',
      'batches',
    ],
  },
  'sync/replace': {
    knows: 'everything that removes what earlier runs wrote, and the swap that replaces it',
    mayImport: [
      'resp',
      'commands',
      'session',
      'client',
      'encoding',
      'fields',
      'locations',
      'registry',
      'settings',
      'drafts',
      'streams',
      'attempts',
      'ids',
      'rows',
      'dedup',
    ],
  },
  'sync/dataflow': {
    knows: 'the way of a record: read, routed, batched, encoded, delivered, acknowledged',
    mayImport: [
      'settings',
      'input',
      'airbyte',
      'columns',
      'memory',
      'resp',
      'commands',
      'session',
      'sequencing',
      'client',
      'encoding',
      'drafts',
      'streams',
      'attempts',
      'ids',
      'batches',
      'dedup',
    ],
  },
  'sync/requirements': {
    knows: 'which commands and keys a configuration needs, for `check`',
    mayImport: ['settings', 'commands', 'structures', 'registry', 'health', 'drafts', 'streams'],
  },
}

/** Tests may use what stands above their room, within the folders that their own folder builds on. */
export const FOLDERS_OF_TESTS = {
  config: ['config', 'protocol', 'redis', 'layout'],
  protocol: ['protocol'],
  redis: ['config', 'redis'],
  layout: ['config', 'protocol', 'redis', 'layout'],
  sync: ['config', 'protocol', 'redis', 'layout', 'sync'],
  terminal: ['terminal'],
}

const VERBS = String.raw`^\.\./\.\./(main|program|cli|cli-grammar|cli-help|spec|check|clear|write)\.ts$`

const nameOf = (room) => room.split('/')[1]
const folderOf = (room) => room.split('/')[0]

function packagesClosedTo(folder) {
  if (folder === 'layout') return ['^ioredis$', '^node:']
  return folder === 'redis' ? [] : ['^ioredis$']
}

function restricted(regexes, message, ...others) {
  const patterns = [...regexes.map((regex) => ({ regex, message })), ...others]
  return { 'no-restricted-imports': ['error', { patterns }] }
}

/** Tests of src start no server and no process, and use nothing that does: such tests stand in integration_tests. */
const ONLY_IN_INTEGRATION_TESTS = {
  regex: '/integration_tests/|^node:(child_process|cluster|dgram|http|http2|https|net|tls|worker_threads)$',
  message: 'tests that start a server or a process stand in integration_tests',
  allowTypeImports: true,
}

/**
 * Returns one override for each room, then one for the tests of each folder and one for those beside main.ts.
 * Where two overrides match a file, the later one replaces the rule.
 */
export function importRules() {
  const rooms = Object.entries(ROOMS).map(([room, { knows, mayImport }]) => {
    const closed = Object.keys(ROOMS).filter((other) => other !== room && !mayImport.includes(nameOf(other)))
    const regexes = [`/(${closed.map(nameOf).join('|')})/[^/]+$`, VERBS, ...packagesClosedTo(folderOf(room))]
    return { files: [`src/${room}/**`], rules: restricted(regexes, `src/${room} knows ${knows}`) }
  })
  const tests = Object.entries(FOLDERS_OF_TESTS).map(([folder, open]) => {
    const closed = Object.keys(ROOMS).filter((room) => !open.includes(folderOf(room)))
    const regexes = [VERBS, ...(closed.length > 0 ? [`/(${closed.map(nameOf).join('|')})/[^/]+$`] : [])]
    const files = [`src/${folder}/**/*.test.ts`, `src/${folder}/**/*.support.ts`]
    const message = `tests of src/${folder} use ${open.join(', ')} only`
    return { files, rules: restricted(regexes, message, ONLY_IN_INTEGRATION_TESTS) }
  })
  const files = ['src/*.test.ts', 'src/*.support.ts']
  return [...rooms, ...tests, { files, rules: restricted([], '', ONLY_IN_INTEGRATION_TESTS) }]
}

/** The list of rooms for docs/architecture.md. */
export function listing() {
  return Object.entries(ROOMS)
    .map(([room, { knows, mayImport }]) => {
      const may = mayImport.length === 0 ? 'imports no other room' : `may import ${mayImport.join(', ')}`
      return `- \`${room}\` knows ${knows}; it ${may}.`
    })
    .join('\n')
}

const LINT = '.oxlintrc.json'
const PAGE = 'docs/architecture.md'
const [BEGIN, END] = ['<!-- rooms: written by .ci/rooms.mjs -->', '<!-- end of rooms -->']

function withListing(page) {
  const [before, rest] = page.split(BEGIN)
  return `${before}${BEGIN}\n\n${listing()}\n\n${END}${rest.split(END)[1]}`
}

function main(arg) {
  const lint = JSON.parse(readFileSync(LINT, 'utf8'))
  const page = readFileSync(PAGE, 'utf8')
  const wanted = { ...lint, overrides: importRules() }
  if (arg === '--write') {
    writeFileSync(LINT, `${JSON.stringify(wanted, null, 2)}\n`)
    writeFileSync(PAGE, withListing(page))
  } else if (JSON.stringify(lint) !== JSON.stringify(wanted) || withListing(page) !== page) {
    console.error(
      `${LINT} or ${PAGE} differs from the table in .ci/rooms.mjs: run node .ci/rooms.mjs --write`,
    )
    process.exitCode = 1
  }
}

if (import.meta.main) main(process.argv[2])

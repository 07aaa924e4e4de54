// Bundles src/ and the packages it uses into dist/: main.js, and chunks that each command loads on its own. Some hundred
// files would each have to be found and read at every start. `npm run build` runs it.
import { writeFileSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import standaloneCode from 'ajv/dist/standalone/index.js'
import { build } from 'rolldown'
import { compileRules, RULES } from '../src/config/schema/compile-rules.ts'
import { readSpecification } from '../src/config/schema/specification.ts'
import { licenseTexts } from './third-party-licenses.mjs'

const root = resolve(import.meta.dirname, '..')
const chunks = 'dist/chunks'
const FILE = /new URL\('(\.[^']+)', import\.meta\.url\)/g

/** Most runs do without TLS, and without waiting for anything. */
const REQUIRED_LATER = /^let (\w+) = (require\("node:(?:tls|timers\/promises)"\));$/gm

const UNUSED_IN_IOREDIS = [
  {
    path: /\/ioredis\/built\/(cluster\/index|connectors\/index|connectors\/SentinelConnector\/index|Pipeline)\.js$/,
    code: 'exports.default = class {}',
  },
  { path: /\/ioredis\/built\/constants\/TLSProfiles\.js$/, code: 'exports.default = {}' },
  { path: /\/ioredis\/built\/transaction\.js$/, code: 'exports.addTransactionSupport = () => {}' },
]

/** Native parts of ssh2, which is without them where they are not there. */
const NATIVE = /^cpu-features$|\.node$/

/** Paths to files beside the code are written for src/, and all chunks are in one folder. */
const filesBeside = {
  name: 'files beside the code',
  transform(code, id) {
    if (!code.includes('import.meta.url')) return undefined
    const moved = code.replaceAll(FILE, (_, path) => {
      const from = relative(resolve(root, chunks), resolve(dirname(id), path))
      return `new URL('${from}', import.meta.url)`
    })
    // Lines stay as they are, so the map does, too.
    return { code: moved, map: null }
  },
}

/** Requires some modules of Node where one of their functions is called, and not before. */
const requiredLater = {
  name: 'required later',
  renderChunk(code) {
    const later = [...code.matchAll(REQUIRED_LATER)]
    const changed = later.reduce(
      (text, [line, variable, required]) => text.replace(line, '').replaceAll(`${variable}.`, `${required}.`),
      code,
    )
    // Lines stay as they are, so the map does, too.
    return { code: changed, map: null }
  },
}

/** V8 takes twice the memory for a text with a character that is not in Latin-1, and reads it more slowly. */
const onlyAscii = {
  name: 'only ASCII',
  renderChunk(code) {
    const escaped = code.replaceAll(
      /[^\0-\x7f]/g,
      (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
    )
    return { code: escaped, map: null }
  },
}

/**
 * The connector opens sockets itself and sends commands by name, one at a time, so ioredis needs neither its clients of
 * clusters and sentinels, nor pipelines, nor what it has about each command of Redis.
 */
const ioredisForOneSocket = {
  name: 'ioredis for one socket',
  load(id) {
    if (id.endsWith('/@ioredis/commands/built/commands.json')) return { code: '{}', moduleType: 'json' }
    const unused = UNUSED_IN_IOREDIS.find(({ path }) => path.test(id))
    return unused && { code: unused.code, moduleType: 'js' }
  },
}

/** The rules of spec/spec.json are compiled here, as loading the compiler takes longer than checking a configuration. */
const compiledRules = {
  name: 'compiled rules',
  load(id) {
    if (id !== resolve(root, 'src/config/schema/is-valid.ts')) return undefined
    const { connectionSpecification } = readSpecification()
    const ajv = compileRules(connectionSpecification, { source: true, esm: true })
    return { code: standaloneCode(ajv, { isValid: RULES }), moduleType: 'js' }
  },
}

const shared = {
  cwd: root,
  platform: 'node',
  external: NATIVE,
  transform: { define: { 'import.meta.resolve': 'undefined' } },
  plugins: [requiredLater, onlyAscii, filesBeside, compiledRules, ioredisForOneSocket],
}
const format = { format: 'cjs', strict: true, sourcemap: true, cleanDir: true }

await build({ ...shared, input: 'src/main.ts', output: { ...format, dir: 'dist' } })
const { output } = await build({
  ...shared,
  input: 'src/program.ts',
  output: { ...format, dir: chunks, entryFileNames: '[name].js', chunkFileNames: '[name].js' },
})

// What is around it is of the kind that package.json names.
writeFileSync(resolve(root, 'dist/package.json'), '{ "type": "commonjs" }\n')
const bundled = output.flatMap(({ modules = {} }) => Object.keys(modules))
writeFileSync(resolve(root, 'dist/THIRD-PARTY-LICENSES.txt'), licenseTexts(bundled))

// Bundles src/ and the packages it uses into dist/: main.js, and chunks that each command loads on its own. Some hundred
// files would each have to be found and read at every start. `npm run build` runs it.
import { writeFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, relative, resolve } from 'node:path'
import standaloneCode from 'ajv/dist/standalone/index.js'
import { build } from 'rolldown'
import { compileRules, RULES } from '../src/config/schema/compile-rules.ts'
import { readSpecification } from '../src/config/schema/specification.ts'
import { licenseTexts } from './third-party-licenses.mjs'

const root = resolve(import.meta.dirname, '..')
const chunks = 'dist/chunks'
const IMPORT = /^import (\{[^}]*\}|[\w$]+) from "([^"]+)";$/gm
const REQUIRE = /__require\("([^"]+)"\)/g
const FILE = /new URL\('(\.[^']+)', import\.meta\.url\)/g

/** Most runs do without TLS, and without waiting for anything. */
const CALLED_LATER = ['node:tls', 'node:timers/promises']

const UNUSED_IN_IOREDIS = /\/ioredis\/built\/(cluster|connectors|connectors\/SentinelConnector)\/index\.js$/

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

/**
 * An import of a module of Node reads all that it exports, which loads others: `node:crypto` its web crypto, `node:v8`
 * threads. What is taken from the process is there at once.
 */
const modulesOfNode = {
  name: 'modules of Node',
  renderChunk(code) {
    const changed = code
      .replaceAll(IMPORT, (line, names, name) => {
        if (!isBuiltin(name)) return line
        return CALLED_LATER.includes(name)
          ? calledLater(name, names)
          : `const ${names.replaceAll(' as ', ': ')} = process.getBuiltinModule("${name}");`
      })
      .replaceAll(REQUIRE, (line, name) => (isBuiltin(name) ? `process.getBuiltinModule("${name}")` : line))
    // Lines stay as they are, so the map does, too.
    return { code: changed, map: null }
  },
}

/** Loads a module of Node when one of its functions is called. */
function calledLater(module, names) {
  const functions = names.matchAll(/([\w$]+)(?: as ([\w$]+))?/g)
  return Array.from(functions, ([, name, own = name]) => {
    if (typeof process.getBuiltinModule(module)[name] !== 'function')
      throw new Error(`${name} of ${module} is no function, so it cannot be loaded later.`)
    return `const ${own} = (...values) => process.getBuiltinModule("${module}").${name}(...values);`
  }).join(' ')
}

/**
 * The connector opens sockets itself and sends commands by name, so ioredis needs neither its clients of clusters and
 * sentinels, nor a method for each command of Redis. Making them takes longer than a login.
 */
const ioredisForOneSocket = {
  name: 'ioredis for one socket',
  load(id) {
    return UNUSED_IN_IOREDIS.test(id) ? { code: 'exports.default = class {}', moduleType: 'js' } : undefined
  },
  transform(code, id) {
    if (!id.endsWith('/ioredis/built/utils/Commander.js')) return undefined
    return { code: code.replace('commands_1.list', '[]'), map: null }
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

const { output } = await build({
  cwd: root,
  input: 'src/main.ts',
  platform: 'node',
  external: NATIVE,
  // ssh2 names a program for Windows by it.
  transform: { define: { __dirname: 'import.meta.dirname' } },
  plugins: [modulesOfNode, filesBeside, compiledRules, ioredisForOneSocket],
  output: {
    dir: 'dist',
    cleanDir: true,
    format: 'esm',
    sourcemap: true,
    chunkFileNames: 'chunks/[name].js',
  },
})

const bundled = output.flatMap(({ modules = {} }) => Object.keys(modules))
writeFileSync(resolve(root, 'dist/THIRD-PARTY-LICENSES.txt'), licenseTexts(bundled))

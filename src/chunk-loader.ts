/**
 * Loads the chunks of the build with the code that was compiled of them (.ci/compile-chunks.mjs): V8 takes it over, which
 * is a fraction of compiling again. Where it is missing, or of another Node or other flags, V8 compiles the chunk.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Script } from 'node:vm'

type Require = (name: string) => unknown

/** The compiled code that this Node can take over, below the folder of the build. */
export const COMPILED = join('compiled', `${process.version}-${process.arch}`)

/** Returns a function that loads a chunk by its name, `./program.js`, and the chunks and modules of Node that it requires. */
export function chunkLoader(build: string): Require {
  const folder = join(build, 'chunks')
  const loaded = new Map<string, { exports: object }>()
  return function load(name) {
    if (!name.startsWith('./')) return moduleOfNode(name)
    const known = loaded.get(name)
    if (known !== undefined) return known.exports
    const path = join(folder, name)
    const module = { exports: {} }
    loaded.set(name, module)
    const script = compileChunk(path, readCompiled(join(build, COMPILED, name)))
    script.runInThisContext()(module.exports, load, module, path, folder)
    return module.exports
  }
}

/** Returns a script whose result is the chunk as a function, as Node makes one of a CommonJS module. */
export function compileChunk(path: string, compiled?: Buffer): Script {
  const text = `(function (exports, require, module, __filename, __dirname) {${readFileSync(path, 'utf8')}\n})`
  return new Script(text, { filename: path, ...(compiled && { cachedData: compiled }) })
}

function readCompiled(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch {
    return undefined
  }
}

/** Packages that are not bundled are optional for those that ask for them, which go on after an error. */
function moduleOfNode(name: string): unknown {
  const module = process.getBuiltinModule(name)
  if (module === undefined) throw new Error(`The build has no module ${name}.`)
  return module
}

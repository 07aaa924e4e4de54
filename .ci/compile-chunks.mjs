// Compiles the chunks of a build into compiled/ beside them, for the Node that runs this. A start takes that code over
// instead of compiling the chunks again. `npm run build` runs it, and the image for its own Node.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { COMPILED, compileChunk } from '../src/chunk-loader.ts'

const build = resolve(process.argv[2] ?? 'dist')
const compiled = join(build, COMPILED)

rmSync(join(build, 'compiled'), { recursive: true, force: true })
mkdirSync(compiled, { recursive: true })
for (const name of readdirSync(join(build, 'chunks')).filter((file) => file.endsWith('.js'))) {
  // Otherwise functions are compiled when they are called for the first time, which would be in the run.
  setFlagsFromString('--no-lazy')
  const script = compileChunk(join(build, 'chunks', name))
  // V8 takes code over only where its flags are the same.
  setFlagsFromString('--lazy')
  writeFileSync(join(compiled, name), script.createCachedData())
}

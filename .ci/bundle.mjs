// Bundles src/ into dist/: main.js, and chunks that each command loads on its own. Some hundred files would each have
// to be found and read at every start. Packages stay where npm puts them. `npm run build` runs it.
import { dirname, relative, resolve } from 'node:path'
import { build } from 'rolldown'

const root = resolve(import.meta.dirname, '..')
const chunks = 'dist/chunks'
const FILE = /new URL\('(\.[^']+)', import\.meta\.url\)/g

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

await build({
  cwd: root,
  input: 'src/main.ts',
  platform: 'node',
  external: (id) => !id.startsWith('.') && !id.startsWith('/'),
  plugins: [filesBeside],
  output: {
    dir: 'dist',
    cleanDir: true,
    format: 'esm',
    sourcemap: true,
    chunkFileNames: 'chunks/[name].js',
  },
})

// Builds dist/protocol/scanner/scan.wasm for tests of src, unless it is newer than its source. Vitest calls `setup`
// once before these tests (see vitest.config.ts).
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const sources = join(root, 'src/protocol/scanner/wasm')
const target = join(root, 'dist/protocol/scanner/scan.wasm')

export function setup() {
  const newest = Math.max(
    ...readdirSync(sources, { recursive: true }).map((name) => writtenAt(join(sources, name))),
  )
  if (writtenAt(target) > newest) return
  mkdirSync(join(target, '..'), { recursive: true })
  execFileSync('npm', ['run', '--silent', 'build:scanner'], { cwd: root, stdio: ['ignore', 2, 'inherit'] })
}

/** Returns 0 for a file that does not exist. */
function writtenAt(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
}

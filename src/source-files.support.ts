/** Reads the source files of src, for tests about all of them. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface SourceFile {
  /** The path below src/. */
  path: string
  text: string
}

/** Returns all TypeScript files of src but tests and their supports. */
export function sourceFiles(): SourceFile[] {
  return readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !/\.(test|support|d)\.ts$/.test(path))
    .map((path) => ({ path, text: readFileSync(join(import.meta.dirname, path), 'utf8') }))
}

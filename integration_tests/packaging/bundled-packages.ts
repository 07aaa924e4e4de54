/** The packages that the built connector has code of, as the text of their licences lists them. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export const root = join(import.meta.dirname, '../..')

export interface LockedPackage {
  readonly version: string
  readonly dependencies?: Record<string, string>
}

/** A package with its licence texts. */
export interface BundledPackage {
  readonly name: string
  readonly version: string
  readonly texts: string
}

export function bundledPackages(): BundledPackage[] {
  const sections = readFileSync(join(root, 'dist/THIRD-PARTY-LICENSES.txt'), 'utf8').split(/\n-{80}\n\n/)
  return sections.map((section) => {
    const [, name = '', version = '', texts = ''] = /^(\S+) (\S+) \(.+?\)\n\n(.+)/s.exec(section) ?? []
    return { name, version, texts: texts.trim() }
  })
}

/** Returns the packages of the lockfile, by the folder where they are installed. */
export function lockedPackages(): [folder: string, entry: LockedPackage][] {
  const text = readFileSync(join(root, 'package-lock.json'), 'utf8')
  const { packages } = JSON.parse(text) as { packages: Record<string, LockedPackage> }
  return Object.entries(packages).filter(([folder]) => folder !== '')
}

export function nameOf(folder: string): string {
  return folder.split('node_modules/').at(-1) ?? folder
}

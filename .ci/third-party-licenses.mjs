// The packages that the bundle has code of, in dist/THIRD-PARTY-LICENSES.txt: with the texts that their licences ask to go
// with the code.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const FOLDER = /^.*\/node_modules\/(@[^/]+\/)?[^/]+/
const HEADING = /^(\S+) (\d\S*) \([^)]+\)$/gm

/** Returns name, version, licence and licence text of each package that one of the modules is from. */
export function licenseTexts(modules) {
  const folders = modules.flatMap((path) => FOLDER.exec(path)?.[0] ?? [])
  const sections = [...new Set(folders)].toSorted((one, other) => (one < other ? -1 : 1)).map(sectionOf)
  // A package may be installed twice.
  return `${[...new Set(sections)].join(`\n\n${'-'.repeat(80)}\n\n`)}\n`
}

/** Returns `name@version` of each package that such a text is about. */
export function packagesIn(texts) {
  return [...texts.matchAll(HEADING)].map(([, name, version]) => `${name}@${version}`)
}

/** Throws for a package without a licence text. */
function sectionOf(folder) {
  const { name, version, license, licenses } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const texts = readdirSync(folder)
    .filter((file) => /^(licen[cs]e|copying|notice)/i.test(file))
    .toSorted()
    .map((file) => readFileSync(join(folder, file), 'utf8').trim())
  if (texts.length === 0) throw new Error(`${name} ${version} has no licence text.`)
  const identifier = license ?? licenses.map(({ type }) => type).join(' OR ')
  return [`${name} ${version} (${identifier})`, ...texts].join('\n\n')
}

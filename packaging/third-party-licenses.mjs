// Prints the name, version, licence and licence text of every package in node_modules, for what is shipped with it.
// It fails for a package without a licence text, because its licence asks for the text to go with the code.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = process.argv[2] ?? 'node_modules'
const { packages } = JSON.parse(readFileSync(join(folder, '.package-lock.json'), 'utf8'))

const sections = Object.keys(packages).map((path) => {
  const packageFolder = join(folder, path.replace(/^node_modules\//, ''))
  const { name, version, license, licenses } = JSON.parse(
    readFileSync(join(packageFolder, 'package.json'), 'utf8'),
  )
  const texts = readdirSync(packageFolder)
    .filter((file) => /^(licen[cs]e|copying|notice)/i.test(file))
    .toSorted()
    .map((file) => readFileSync(join(packageFolder, file), 'utf8').trim())
  if (texts.length === 0) throw new Error(`${name} ${version} has no licence text.`)
  const identifier = license ?? licenses.map(({ type }) => type).join(' OR ')
  return [`${name} ${version} (${identifier})`, ...texts].join('\n\n')
})
console.log(sections.join(`\n\n${'-'.repeat(80)}\n\n`))

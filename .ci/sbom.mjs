// Writes build/sbom.cdx.json, the list of the production packages with their hashes, from the lockfile alone.
//
// `npm sbom --omit dev` leaves out every production package that a development package uses, too (17 of 36 here,
// ssh2 among them). So npm lists everything, and what the lockfile marks as development only is removed here.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'

const { name, packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'))
const options = ['--sbom-format=cyclonedx', '--sbom-type=application', '--package-lock-only']
const bom = JSON.parse(
  execFileSync('npm', ['sbom', ...options], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 }),
)
const { component: application } = bom.metadata

// npm names the application after the folder it was checked out into.
application.name = name

const production = new Set([application['bom-ref'], ...listProduction()])
bom.components = bom.components.filter((component) => production.has(component['bom-ref']))
bom.dependencies = bom.dependencies
  .filter(({ ref }) => production.has(ref))
  .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((used) => production.has(used)) }))

const unhashed = bom.components.filter(({ hashes = [] }) => hashes.length === 0)
if (unhashed.length > 0) {
  const names = unhashed.map((component) => component['bom-ref']).join(', ')
  console.error(`Packages without a hash: ${names}. Run \`npm run integrity\`.`)
  process.exit(1)
}
mkdirSync('build', { recursive: true })
writeFileSync('build/sbom.cdx.json', `${JSON.stringify(bom, null, 2)}\n`)

/** Returns `name@version` of each package that the connector needs when it runs. */
function listProduction() {
  return Object.entries(packages)
    .filter(([path, { dev, devOptional }]) => path !== '' && !dev && !devOptional)
    .map(([path, entry]) => `${entry.name ?? path.split('node_modules/').at(-1)}@${entry.version}`)
}

// Writes build/sbom.cdx.json, the list of the packages that the connector has code of, with their hashes from the
// lockfile. The build knows them: it bundles them, and writes dist/THIRD-PARTY-LICENSES.txt.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { packagesIn } from './third-party-licenses.mjs'

const DEVELOPMENT = 'cdx:npm:package:development'

const { name } = JSON.parse(readFileSync('package.json', 'utf8'))
const options = ['--sbom-format=cyclonedx', '--sbom-type=application', '--package-lock-only']
const bom = JSON.parse(
  execFileSync('npm', ['sbom', ...options], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 }),
)
const { component: application } = bom.metadata

// npm names the application after the folder it was checked out into.
application.name = name

const bundled = new Set([
  application['bom-ref'],
  ...packagesIn(readFileSync('dist/THIRD-PARTY-LICENSES.txt', 'utf8')),
])
bom.components = bom.components.filter((component) => bundled.has(component['bom-ref']))
// For npm they are packages of the development only.
for (const component of bom.components) {
  component.scope = 'required'
  component.properties = component.properties?.filter((property) => property.name !== DEVELOPMENT)
}
bom.dependencies = bom.dependencies
  .filter(({ ref }) => bundled.has(ref))
  .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((used) => bundled.has(used)) }))

const unhashed = bom.components.filter(({ hashes = [] }) => hashes.length === 0)
if (unhashed.length > 0) {
  const names = unhashed.map((component) => component['bom-ref']).join(', ')
  console.error(`Packages without a hash: ${names}. Run \`npm run integrity\`.`)
  process.exit(1)
}
mkdirSync('build', { recursive: true })
writeFileSync('build/sbom.cdx.json', `${JSON.stringify(bom, null, 2)}\n`)

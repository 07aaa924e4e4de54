// Adds to package-lock.json the integrity hashes that npm left out. npm does so when a package comes from its
// cache and the lockfile has no address for it. The registry is asked for exactly the versions of the lockfile.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'

const lockfile = JSON.parse(readFileSync('package-lock.json', 'utf8'))
const isUnhashed = ([path, entry]) => path !== '' && !entry.link && entry.integrity === undefined
const unhashed = Object.entries(lockfile.packages).filter(isUnhashed)

for (const [path, entry] of unhashed) {
  const { version, ...others } = entry
  const integrity = readIntegrity(`${nameOf(path, entry)}@${version}`)
  lockfile.packages[path] = { version, integrity, ...others }
}
writeFileSync('package-lock.json', `${JSON.stringify(lockfile, null, 2)}\n`)
console.error(`Added ${unhashed.length} integrity hashes to package-lock.json.`)

/** An alias has a `name` of its own; every other package is named by the last part of its folder. */
function nameOf(path, { name }) {
  return name ?? path.split('node_modules/').at(-1)
}

function readIntegrity(specifier) {
  const answer = execFileSync('npm', ['view', '--json', specifier, 'dist.integrity'], { encoding: 'utf8' })
  const integrity = JSON.parse(answer)
  if (typeof integrity !== 'string') throw new Error(`The registry has no integrity hash for ${specifier}.`)
  return integrity
}

// Runs test files that take longest first, so that none of them is left alone at the end. Vitest knows only how long files
// took here the last time, and a fresh checkout has no last time: it begins with the largest files then.
import { BaseSequencer } from 'vitest/node'

/** Files of about half a minute and more, the longest first; the output of `npm test` has the time of each. */
const LONGEST = [
  'model/model',
  'refusal-boundaries',
  'replace.kills',
  'model/replace-decisions',
  'replace.outages',
  'fault-matrix',
  'cluster.failover',
  'leases',
  'silence',
  'oversize',
  'conformance',
  'sentinel.failover',
  'replace',
  'outages',
  'cluster.slots',
  'redirect-hosts',
].map((name) => `integration_tests/${name}.test.ts`)

export class LongestFirst extends BaseSequencer {
  async sort(files) {
    // oxlint-disable-next-line unicorn/no-array-sort -- files are no array here, and sort is the method of Vitest.
    const sorted = await super.sort(files)
    // The sort keeps the order of files with the same place, so projects stay behind one another.
    return sorted.toSorted((one, other) => placeOf(one) - placeOf(other))
  }
}

function placeOf({ project, moduleId }) {
  const { groupOrder } = project.config.sequence
  const place = LONGEST.findIndex((file) => moduleId.endsWith(`/${file}`))
  return groupOrder * 1_000 + (place === -1 ? LONGEST.length : place)
}

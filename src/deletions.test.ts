/** What earlier runs wrote is removed in sync/replace only: no other room sends a command that removes data. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const COMMANDS =
  'DEL|UNLINK|RENAME|RENAMENX|LTRIM|XTRIM|XDEL|HDEL|SREM|ZREM|ZREMRANGEBYSCORE|FLUSHDB|FLUSHALL'
const PATTERN = new RegExp(`['"\`](${COMMANDS})\\b`, 'g')

/** Rooms and files that send or name such commands all the same, and why. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  'layout/':
    'commands that a record asks for: a CDC delete, a past expiry, trimming, a row with no column left',
  'redis/commands/': 'the scripts of layouts and of sync/replace, and what older servers understand instead',
  'redis/client/': 'the keys of the run itself',
  'redis/sequencing/':
    'the number of the run, and keys that a guard renames and renames back in one transaction',
  'redis/health/': 'the key of the check; and commands by their names, as permissions are asked for',
  'sync/dedup/key-index.ts': 'the entry that the run itself has written of a row which Redis refused',
  'sync/requirements/': 'the commands that a check tries, on keys of its own',
  'sync/streams/leases.ts': 'the lease and the connections of the run itself',
}

const ROOT = import.meta.dirname

const removing = readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !/\.(test|support|d)\.ts$/.test(file))
  .flatMap((file) =>
    [...readFileSync(join(ROOT, file), 'utf8').matchAll(PATTERN)].map(([, command]) => ({ file, command })),
  )

it('only sync/replace removes what earlier runs wrote', () => {
  const allowed = ['sync/replace/', ...Object.keys(EXCEPTIONS)]
  expect(removing.filter(({ file }) => !allowed.some((start) => file.startsWith(start)))).toEqual([])
})

it.each(Object.keys(EXCEPTIONS))('the exception is needed: %s', (start) => {
  expect(removing.filter(({ file }) => file.startsWith(start))).not.toEqual([])
})

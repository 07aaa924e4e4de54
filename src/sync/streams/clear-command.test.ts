import { expect, it } from 'vitest'
import { clearCommand, patternOf, removalRemedy } from './clear-command.ts'
import { planWith } from './stream-sessions.support.ts'

it.each([
  ['user:${id}', 'user:*'],
  ['${_airbyte_namespace}:${_airbyte_stream}:${_airbyte_primary_key}', 'n:s:*'],
  ['a*b[${id}${at}]', String.raw`a\*b\[*\]`],
  ['${id}*', String.raw`*\*`],
  ['k', 'k'],
])('the pattern of the keys that %s makes is %s', (template, pattern) => {
  expect(patternOf(template, planWith())).toBe(pattern)
})

it('the pattern begins with the prefix', () => {
  expect(patternOf('k:${id}', planWith({ key_prefix: 'p?:' }))).toBe(String.raw`p\?:k:*`)
})

it('the command quotes the name of the stream for a shell', () => {
  const command = clearCommand({ name: "public.it's" })
  expect(command).toBe(String.raw`destination-redis clear --config F --stream 'public.it'\''s' --pattern`)
})

it.each([
  [
    'clear, where the metadata name their pattern',
    { isNamed: true },
    /clear --config F --stream 's' --pattern .*sync again/,
  ],
  [
    'redis-cli, where they do not',
    { isNamed: false },
    /--scan --pattern 'a\*' \| .*; .*--pattern 'b\*' \| xargs .*redis-cli UNLINK\.$/,
  ],
  ['redis-cli on each master of a cluster', { isNamed: true, isCluster: true }, /^A cluster is not searched/],
])('keys that were left are removed with %s', (_, how, remedy) => {
  expect(removalRemedy({ name: 's' }, ['a*', 'b*'], { isCluster: false, ...how })).toMatch(remedy)
})

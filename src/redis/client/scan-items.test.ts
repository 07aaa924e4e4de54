import { expect, it } from 'vitest'
import { scanItems } from './scan-items.ts'

const SCAN = { command: 'HSCAN', key: 'k', count: 2 } as const

/** A client of two servers, each with its own cursors; commands go to the second one from the given command on. */
async function scan(movesBefore: number) {
  const cursors: string[] = []
  const seen: string[] = []
  const client = {
    routes: 1,
    ask: async (...words: (string | number)[]) => {
      const cursor = String(words[2])
      cursors.push(cursor)
      if (cursors.length === movesBefore) client.routes++
      if (client.routes === 1) return cursor === '0' ? ['7', ['a', 'b']] : ['0', ['c']]
      return { 0: ['9', ['c', 'a']], 9: ['0', ['b']] }[cursor] ?? ['0', []]
    },
  }
  await scanItems(client, SCAN, async (items) => void seen.push(...items))
  return { cursors, seen }
}

it('A key is read to its end', async () => {
  expect(await scan(Infinity)).toEqual({ cursors: ['0', '7'], seen: ['a', 'b', 'c'] })
})

it('A scan begins anew on another server, which knows other cursors', async () => {
  expect(await scan(2)).toEqual({ cursors: ['0', '7', '0', '9'], seen: ['a', 'b', 'c', 'a', 'b'] })
  expect(await scan(1)).toEqual({ cursors: ['0', '0', '9'], seen: ['c', 'a', 'b'] })
})

import { expect, it } from 'vitest'
import { scanItems, scanKeys } from './scan-items.ts'

const SCAN = { command: 'HSCAN', key: 'k', count: 2 } as const

/** A client of two servers, each with its own cursors; commands go to the second one from the given command on. */
function movingClient(movesBefore: number, cursorAt: number) {
  const cursors: string[] = []
  const client = {
    routes: 1,
    ask: async (...words: (string | number)[]) => {
      const cursor = String(words[cursorAt])
      cursors.push(cursor)
      if (cursors.length === movesBefore) client.routes++
      if (client.routes === 1) return cursor === '0' ? ['7', ['a', 'b']] : ['0', ['c']]
      return { 0: ['9', ['c', 'a']], 9: ['0', ['b']] }[cursor] ?? ['0', []]
    },
  }
  return { cursors, client }
}

async function scan(movesBefore: number) {
  const { cursors, client } = movingClient(movesBefore, 2)
  const seen: string[] = []
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

it('A scan of all keys begins anew there as well, and says so', async () => {
  const { cursors, client } = movingClient(2, 1)
  let seen: string[] = []
  const calls = { begin: () => (seen = []), visit: async (keys: string[]) => void seen.push(...keys) }
  await scanKeys(client, { glob: 'k*', count: 2 }, calls)
  expect({ cursors, seen }).toEqual({ cursors: ['0', '7', '0', '9'], seen: ['c', 'a', 'b'] })
})

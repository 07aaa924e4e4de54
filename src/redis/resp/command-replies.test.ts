import { expect, it } from 'vitest'
import { sourceFiles } from '../../source-files.support.ts'
import { isCommandName, replyShapeOf } from './command-replies.ts'
import { ANY } from './reply-shape.ts'

it('knows the reply of each command whose reply is read', () => {
  const read = askedIn((path) => path.startsWith('sync/') || path.startsWith('redis/client/'))
  expect(read.length).toBeGreaterThan(40)
  const unknown = read.filter((name) => name !== 'CLIENT' && name !== 'CONFIG' && name !== 'HMGET')
  expect(unknown.filter((name) => replyShapeOf(name, 1) === ANY)).toEqual([])
})

it('every command that the connector asks is known by name, so that an error can name it', () => {
  const asked = askedIn(() => true)
  expect(asked.filter((name) => !isCommandName(name))).toEqual([])
})

it('what a server names besides is not repeated', () => {
  expect(isCommandName('SECRET')).toBe(false)
})

it.each(['EVAL', 'EVALSHA', 'GET', 'HGET', 'XADD', 'INFO'])(
  '%s, many of which are on their way at the same time, has no reply that fills the memory',
  (name) => {
    const { array, bulk } = replyShapeOf(name, 3)
    expect(array).toBeUndefined()
    expect(bulk).toBeLessThanOrEqual(4 << 20)
  },
)

function askedIn(isChosen: (path: string) => boolean): string[] {
  return sourceFiles()
    .filter(({ path }) => isChosen(path))
    .flatMap(({ text }) => [...text.matchAll(/\bask\(\s*'([A-Z]+)'/g)].map(([, name]) => name!))
}

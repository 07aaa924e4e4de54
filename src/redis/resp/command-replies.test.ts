import { expect, it } from 'vitest'
import { sourceFiles } from '../../source-files.support.ts'
import { replyShapeOf } from './command-replies.ts'
import { ANY } from './reply-shape.ts'

it('knows the reply of each command whose reply is read', () => {
  const asked = sourceFiles()
    .filter(({ path }) => path.startsWith('sync/') || path.startsWith('redis/client/'))
    .flatMap(({ text }) => [...text.matchAll(/\bask\(\s*'([A-Z]+)'/g)].map(([, name]) => name!))
  expect(asked.length).toBeGreaterThan(40)
  const unknown = asked.filter((name) => name !== 'CLIENT' && name !== 'CONFIG' && name !== 'HMGET')
  expect(unknown.filter((name) => replyShapeOf(name, 1) === ANY)).toEqual([])
})

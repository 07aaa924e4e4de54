import { expect, it } from 'vitest'
import { CommandBuffer } from './command-buffer.ts'
import { CommandCursor } from './command-cursor.ts'
import type { CommandRun } from './command-run.ts'
import { EncodedCommands } from './encoded-commands.ts'

const COMMANDS = [
  'PING',
  'SET k 1',
  'SET l 2',
  'HSET h f v',
  'SET m 3',
  'HSET h f w',
  'HSET h g x',
  'DEL a b c',
]

const ALL = COMMANDS.map((_, index) => index)

it.each<[what: string, commands: (source: CommandBuffer) => EncodedCommands]>([
  ['all of a buffer', (source) => EncodedCommands.from(source)],
  ['a range', (source) => EncodedCommands.from(source, 2, 4)],
  ['the last one', (source) => EncodedCommands.from(source, 7)],
  ['none', (source) => EncodedCommands.from(source, 8)],
  ['single ones', (source) => EncodedCommands.of(source, [7, 1, 2, 0])],
  ['some of a range', (source) => EncodedCommands.from(source, 1).pick([0, 1, 3])],
])('the heads of %s are those in the bytes', (_, commandsOf) => {
  const commands = commandsOf(encoded(COMMANDS))
  expect(headsIn(commands.runs())).toEqual(headsOf(new CommandCursor([commands.bytes()])))
})

it('commands with the same head are one run', () => {
  const commands = EncodedCommands.from(encoded(COMMANDS))
  expect(commands.runs().map(({ head, count }) => [head.name, count])).toEqual([
    ['PING', 1],
    ['SET', 2],
    ['HSET', 1],
    ['SET', 1],
    ['HSET', 2],
    ['DEL', 1],
  ])
  expect(ALL.map((index) => commands.headOf(index).name)).toEqual(
    COMMANDS.map((command) => command.split(' ')[0]),
  )
})

it('a buffer that is cleared has no command', () => {
  const source = encoded(COMMANDS)
  source.clear()
  source.command('GET', 'k')
  expect(EncodedCommands.from(source).runs()).toEqual([
    { head: expect.objectContaining({ name: 'GET', args: 1 }), count: 1 },
  ])
})

function encoded(commands: readonly string[]): CommandBuffer {
  const out = new CommandBuffer(Buffer.alloc(64))
  for (const command of commands) {
    const [name, ...args] = command.split(' ')
    out.command(name!, ...args)
  }
  return out
}

function headsIn(runs: readonly CommandRun[]): [string, number][] {
  return runs.flatMap(({ head, count }) =>
    Array.from({ length: count }, (): [string, number] => [head.name, head.args]),
  )
}

function headsOf(cursor: CommandCursor): [string, number][] {
  const heads: [string, number][] = []
  for (let head = cursor.next(); head !== undefined; head = cursor.next()) heads.push([head.name, head.args])
  return heads
}

/** Random requests for a cluster: each node gets what a plain look at each key sends there. A failure names its seed. */
import { expect, it } from 'vitest'
import { caseCount } from '../../case-count.support.ts'
import { randomFrom, type Random } from '../../random.support.ts'
import { BufferPool } from '../memory/buffer-pool.ts'
import { CommandBuffer } from '../resp/command-buffer.ts'
import type { SlotOwners } from '../resp/command-pieces.ts'
import type { CommandRun } from '../resp/command-run.ts'
import { EncodedCommands } from '../resp/encoded-commands.ts'
import { SLOTS, slotOf } from '../resp/key-slot.ts'
import { NodePool } from '../session/node-pool.ts'
import type { InFlightState, PendingCommand } from './in-flight-write.ts'
import { writesByNode } from './node-routing.ts'
import { playNode } from './write-queue.support.ts'

const CASES = caseCount(60, 20_000)

const MOST_NODES = 5

/** Has three tables of slot owners for each number of nodes. */
const OWNERS = Array.from({ length: MOST_NODES + 1 }, (_, nodes) =>
  [0, 1, 2].map((salt): SlotOwners =>
    Uint16Array.from({ length: SLOTS }, (__, slot) => (slot * 31 + salt) % nodes),
  ),
)

const ASKING = '*1\r\n$6\r\nASKING\r\n'

interface Command {
  readonly name: string
  readonly key: string
  readonly text: string
}

it('each node gets its commands in their order, with the index of each', () => {
  const pool = new BufferPool(1 << 20)
  const played = Array.from({ length: MOST_NODES }, (_, at) => playNode(at + 1).node)
  for (let seed = 0; seed < CASES; seed++) {
    const random = randomFrom(seed)
    const count = 1 + random(MOST_NODES)
    const owners = ownersFrom(random, count)
    const nodes = new NodePool(played.slice(0, count), owners)
    // Slots may have moved since the commands were encoded.
    const ownersThen = (): SlotOwners => (random(6) === 0 ? ownersFrom(random, count) : owners)
    const { out, all } = encodedCommands(random, ownersThen)
    const chosen = chosenFrom(random, out)
    const commands = chosen.map((number) => all[number]!)
    const request = {
      kind: 'write' as const,
      commands: chosen.length === out.commands ? EncodedCommands.from(out) : EncodedCommands.of(out, chosen),
      isCounted: false,
      confirmedBy: 'marker' as const,
    }
    const state = stateFrom(random, commands.length, count)
    const expected = expectedFor(commands, state, nodes)
    const writes = writesByNode(request, state, nodes, pool)
    const actual = writes.map(({ node, write, share }) => ({
      node: nodes.all.indexOf(node),
      text: Buffer.concat(write.chunks).toString('latin1'),
      names: namesIn(write.runs),
      indexes: Array.from({ length: write.commands }, (_, number) => share!.indexOf(number)),
    }))
    expect(actual, `seed ${seed}`).toEqual(expected)
    for (const { memory } of writes) memory?.giveBack()
  }
})

function ownersFrom(random: Random, nodes: number): SlotOwners {
  return OWNERS[nodes]![random(3)]!
}

/** Some are encoded one by one; others come encoded, in pieces by owner. */
function encodedCommands(
  random: Random,
  ownersThen: () => SlotOwners,
): { out: CommandBuffer; all: Command[] } {
  const out = new CommandBuffer(Buffer.alloc(0))
  const all: Command[] = []
  for (let left = 1 + random(6); left > 0; left--) {
    const name = ['SET', 'DEL', 'HMSET'][random(3)]!
    const added = Array.from({ length: 1 + random(30) }, () => commandFrom(random, name))
    const isInPieces = random(2) === 0
    const owners = ownersThen()
    const sorted = isInPieces ? added.toSorted((a, b) => ownerOf(a, owners) - ownerOf(b, owners)) : added
    const range = new CommandBuffer(Buffer.alloc(0))
    for (const { key, text } of sorted) (isInPieces ? range : out).command(name, key, text)
    if (isInPieces) addPieces(out, range, sorted, owners)
    all.push(...sorted.map((command) => ({ ...command, text: textOf(command) })))
  }
  return { out, all }
}

/** Most are small; some are so large that a few of them are not copied. */
function commandFrom(random: Random, name: string): Command {
  const size = random(8) === 0 ? random(20_000) : random(50)
  return { name, key: `${'abc'[random(3)]}${random(40)}`, text: 'v'.repeat(size) }
}

function addPieces(
  out: CommandBuffer,
  range: CommandBuffer,
  commands: readonly Command[],
  owners: SlotOwners,
): void {
  const counts = new Map<number, number>()
  for (const command of commands) {
    const owner = ownerOf(command, owners)
    counts.set(owner, (counts.get(owner) ?? 0) + 1)
  }
  const table = Int32Array.from([...counts].flatMap(([owner, count]) => [owner, count, -1, -1]))
  const offsets = Int32Array.from(
    commands.flatMap(({ key }, at) => {
      const start = range.startOf(at)
      const keyStart = range.bytes.indexOf(`\r\n${key}\r\n`, start) + 2
      return [start, keyStart, keyStart + key.length]
    }),
  )
  const { bytes, length: end } = range
  const pieces = { owners, table, count: counts.size }
  out.addEncoded(commands[0]!.name, 2, { bytes, start: 0, end, offsets, count: commands.length, pieces })
}

function ownerOf({ key }: Command, owners: SlotOwners): number {
  return owners[slotOf(Buffer.from(key))]!
}

function textOf({ name, key, text }: Command): string {
  const out = new CommandBuffer(Buffer.alloc(0))
  out.command(name, key, text)
  return out.bytes.toString('latin1', 0, out.length)
}

function chosenFrom(random: Random, out: CommandBuffer): number[] {
  const all = Array.from({ length: out.commands }, (_, number) => number)
  const some = random(4) === 0 ? all.filter(() => random(3) > 0) : all
  return some.length === 0 ? all : some
}

/** All of it is to be sent, or what was redirected. */
function stateFrom(random: Random, count: number, nodes: number): InFlightState {
  if (random(3) > 0) return { kind: 'queued', pending: 'all' }
  const pending = Array.from({ length: count }, (_, index): PendingCommand => {
    const asked = random(3) === 0 ? { host: 'h', port: 1 + random(nodes) } : undefined
    return { index, asked }
  }).filter(() => random(2) === 0)
  return { kind: 'queued', pending }
}

function expectedFor(commands: readonly Command[], state: InFlightState, nodes: NodePool) {
  const all = commands.map((_, index): PendingCommand => ({ index, asked: undefined }))
  const pending = state.kind === 'queued' && state.pending !== 'all' ? state.pending : all
  return nodes.all.flatMap((node, at) => {
    const own = pending.filter(({ index, asked }) => {
      const other = asked && nodes.at(asked)
      return (other ?? nodes.ofSlot(slotOf(Buffer.from(commands[index]!.key)))) === node
    })
    if (own.length === 0) return []
    const sent = own.flatMap(({ index, asked }) => {
      const { name, text } = commands[index]!
      const one = { name, text, index: index as number | undefined }
      return asked === undefined ? [one] : [{ name: 'ASKING', text: ASKING, index: undefined }, one]
    })
    return {
      node: at,
      text: sent.map(({ text }) => text).join(''),
      names: sent.map(({ name }) => name),
      indexes: sent.map(({ index }) => index),
    }
  })
}

function namesIn(runs: readonly CommandRun[]): string[] {
  return runs.flatMap(({ head, count }) => Array.from({ length: count }, () => head.name))
}

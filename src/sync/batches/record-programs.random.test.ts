/** Random records, encoded by record programs and one by one: both ways write the same. A failure names the seed of its case. */
import { expect, it, vi } from 'vitest'
import { caseCount } from '../../case-count.support.ts'
import { randomFrom, type Random } from '../../random.support.ts'
import { CommandGroups } from '../../layout/encoding/command-groups.ts'
import { MessageReader } from '../../protocol/input/message-reader.ts'
import type { SlotOwners } from '../../redis/resp/command-pieces.ts'
import type { EncodedCommands } from '../../redis/resp/encoded-commands.ts'
import { SLOTS, slotOf } from '../../redis/resp/key-slot.ts'
import { ALL_CAPABILITIES } from '../../redis/commands/capabilities.ts'
import { encodeBatch } from '../dataflow/encode-batch.ts'
import type { SyncStream } from '../../protocol/airbyte/catalog.ts'
import { capturedColumnsOf } from '../streams/captured-columns.ts'
import { sessionsFor, stream } from '../streams/stream-sessions.support.ts'
import type { IdRange, StreamSession } from '../streams/stream-session.ts'
import { Batch } from './batch.ts'
import { commandsIn } from './batches.support.ts'
import { BufferPool } from '../../redis/memory/buffer-pool.ts'
import { CompiledPrograms } from './compiled-program.ts'

const CASES = caseCount(5, 500)

type Layout = [name: string, options: object, more: Partial<SyncStream>]

const KEY = '${_airbyte_stream}:${_airbyte_primary_key}'
const BY_ID: Partial<SyncStream> = { primaryKey: [['id']] }
const BY_TWO: Partial<SyncStream> = { primaryKey: [['id'], ['name']] }

/** All of these have a program. */
const LAYOUTS: Layout[] = [
  ['classic hash', {}, {}],
  ['hash by primary key', { key_template: KEY }, BY_ID],
  ['hash by two columns', { key_template: KEY }, BY_TWO],
  ['hash, null keys allowed', { key_template: KEY, null_keys: 'allow' }, BY_ID],
  ['hash with a template', { key_template: 'h:${_airbyte_stream}:${name}:${_airbyte_ab_id}' }, {}],
  [
    'string, json',
    { cache_type: 'string', data_format: 'json', key_template: 's:${_airbyte_stream}:${id}' },
    {},
  ],
  ['string, airbyte', { cache_type: 'string', data_format: 'airbyte', key_template: KEY }, BY_ID],
  ['list', { cache_type: 'list', data_format: 'json' }, {}],
  [
    'list, airbyte, newest first',
    { cache_type: 'list', data_format: 'airbyte', list_operation: 'prepend' },
    {},
  ],
  ['list of members', { cache_type: 'list', member: '${name}-${_airbyte_ab_id}' }, {}],
  ['set', { cache_type: 'set', data_format: 'json' }, {}],
  ['set of members', { cache_type: 'set', member: '${id}' }, {}],
  ['sorted set', { cache_type: 'sorted_set', data_format: 'json' }, {}],
  ['sorted set by a column', { cache_type: 'sorted_set', data_format: 'json', score_field: 'id' }, {}],
  ['field', { hash_field: '${id}', data_format: 'json' }, {}],
  ['stream', { cache_type: 'stream', data_format: 'airbyte' }, {}],
  ['stream, cut', { cache_type: 'stream', data_format: 'airbyte', max_length: 7 }, {}],
]

it.each(LAYOUTS)('%s: programs write what is written one by one', (_, options, more) => {
  const runs = vi.spyOn(CommandGroups.prototype, 'addEncoded')
  for (let seed = 0; seed < CASES; seed++) {
    const random = randomFrom(seed)
    const sessions = sessionsFor([stream('a', more), stream('b', more)], options)
    const { batch, names } = batchOf(random, sessions)
    const programs = new CompiledPrograms()
    expect(programs.of(sessions[0]!.layout, names), 'a program').toBeDefined()
    const ids = idsOf(random, sessions)
    const oneByOne = encoded(batch(), ids)
    const byProgram = encoded(batch(), ids, programs)
    expect(JSON.stringify(byProgram), `seed ${seed}`).toBe(JSON.stringify(oneByOne))
    if (seed % 2 !== 0) continue
    const sorted = encoded(batch(), ids, programs, pick(random, OWNERS))
    expect(JSON.stringify(sorted), `seed ${seed}, by owner`).toBe(JSON.stringify(oneByOne))
  }
  expect(runs).toHaveBeenCalled()
  runs.mockRestore()
})

it.each(LAYOUTS)('%s: so are records with odd columns between others', (_, options, more) => {
  const sessions = sessionsFor([stream('a', more), stream('b', more)], options)
  const ids = new Map(sessions.map((session) => [session, [{ first: 1, last: 10_000 }]]))
  const odd = [...IDS, ...OTHER_IDS, ...NAMES].flatMap((value) => [
    `{"id":${value},"name":"n"}`,
    `{"name":${value},"id":1}`,
  ])
  // Each between others, so that a run comes to it.
  const lines = odd.flatMap((data, number) =>
    Array.from({ length: 24 }, (__, at) => ({
      session: sessions[0]!,
      line: recordOf(at === 9 ? data : `{"id":${number * 24 + at},"name":"n${at}"}`, '1700000000000'),
      isLeftOut: false,
    })),
  )
  const { batch } = remade(sessions, lines)
  const [byProgram, oneByOne] = [encoded(batch(), ids, new CompiledPrograms()), encoded(batch(), ids)]
  expect(JSON.stringify(byProgram)).toBe(JSON.stringify(oneByOne))
  const sorted = encoded(batch(), ids, new CompiledPrograms(), OWNERS[1])
  expect(JSON.stringify(sorted)).toBe(JSON.stringify(oneByOne))
})

it('commands of a run are in one piece for each owner of their slots, also when slots have moved', () => {
  const sessions = sessionsFor([stream('a', {})], { key_template: 'h:${name}:${id}' })
  const lines = Array.from({ length: 100 }, (_, at) => ({
    session: sessions[0]!,
    line: recordOf(`{"id":${at},"name":${NAMES[at % 3]!}}`, '5'),
    isLeftOut: false,
  }))
  const { batch, reader } = remade(sessions, lines)
  const read = reader()
  const ids = new Map(sessions.map((session) => [session, [{ first: 1, last: 10_000 }]]))
  const ownersIn = (slotOwners: SlotOwners): number[] => {
    const out = new CommandGroups(Buffer.alloc(0), ALL_CAPABILITIES)
    const client = { isCluster: true, slotOf, slotOwners }
    const programs = new CompiledPrograms()
    const { requests } = encodeBatch(batch(read), out, { ids, decisions: new Map(), client, programs })
    const owners: number[] = []
    requests[0]!.request.commands.eachOfOwner(slotOwners, (owner) => owners.push(owner))
    return owners.toSorted((a, b) => a - b)
  }
  expect(ownersIn(OWNERS[1]!)).toEqual([0, 1, 2])
  expect(ownersIn(OWNERS[0]!)).toEqual([0, 1])
})

interface Line {
  readonly session: StreamSession
  readonly line: string
  readonly isLeftOut: boolean
}

function batchOf(random: Random, sessions: readonly StreamSession[]) {
  const alternates = random(3) === 0
  const lines = Array.from({ length: random(8) === 0 ? 300 : 1 + random(40) }, (_, at) => {
    const session = alternates ? sessions[random(2)]! : sessions[Math.floor(at / 13) % 2]!
    return { session, line: lineOf(random), isLeftOut: random(12) === 0 }
  })
  return remade(sessions, lines)
}

/** Returns a function that makes the same batch again and again, as encoding changes it. */
function remade(sessions: readonly StreamSession[], lines: readonly Line[]) {
  const captured = capturedColumnsOf(sessions.map(({ plan }) => plan))
  const reader = (): MessageReader => new MessageReader(1 << 16, undefined, captured.names)
  const batch = (from = reader()): Batch => {
    from.append(Buffer.from(lines.map(({ line }) => `${line}\n`).join('')))
    const made = new Batch({ records: 1e6, bytes: 1e9 }, sessions, new BufferPool(0), captured)
    for (const [at, { session, isLeftOut }] of lines.entries()) {
      from.next()
      made.addRecord(session, from.block, from.message)
      if (isLeftOut) made.leaveOut(at)
    }
    return made
  }
  return { batch, reader, names: captured.names }
}

/** Owners of a few nodes, and of as many as there are slots. */
const OWNERS = [2, 3, 50, SLOTS].map((nodes): SlotOwners =>
  Uint16Array.from({ length: SLOTS }, (_, slot) => slot % nodes),
)

function encoded(
  batch: Batch,
  ids: Map<StreamSession, IdRange[]>,
  programs?: CompiledPrograms,
  slotOwners?: SlotOwners,
) {
  const out = new CommandGroups(Buffer.alloc(0), ALL_CAPABILITIES)
  const client = { isCluster: false, slotOf: () => undefined, slotOwners }
  const { requests, refusals, dataless } = encodeBatch(batch, out, {
    ids,
    decisions: new Map(),
    client,
    ...(programs === undefined ? {} : { programs }),
  })
  const byGroup = batch.recordsByGroup()
  const commands = Array.from({ length: out.commands }, (_, command) => ({
    words: commandsIn(out.bytes.subarray(out.startOf(command), out.endOf(command)))[0]!,
    key: out.keyOf(command),
    head: out.headOf(command),
    records: byGroup.get(out.groupOf(command)) ?? [],
  }))
  for (const { words, key, head } of commands)
    if (head.name !== words[0] || head.args !== words.length - 1 || key !== words[1])
      expect.fail(`The table of commands is wrong for ${words[0]} ${words[1]}`)
  if (slotOwners !== undefined)
    for (const { request } of requests) requireOwners(request.commands, slotOwners)
  const kinds = requests.map(({ request }) => request.kind)
  return {
    rows: [...inRows(commands)].toSorted(([a], [b]) => Number(a) - Number(b)),
    refusals,
    dataless,
    kind: kinds[0],
  }
}

/** Each command must be there once, with the owner of the slot of its key. */
function requireOwners(commands: EncodedCommands, owners: SlotOwners): void {
  let next = 0
  commands.eachOfOwner(owners, (owner, index, count) => {
    if (index !== next) expect.fail(`command ${index} follows ${next - 1}`)
    for (; next < index + count; next++)
      if (owners[slotOf(Buffer.from(commands.keyOf(next)!))] !== owner)
        expect.fail(`${commands.keyOf(next)} is not of ${owner}`)
  })
  expect(next).toBe(commands.count)
}

/**
 * Commands with many records may be cut differently, so what is compared is what becomes of each record; those of a key must
 * be in order.
 */
function inRows(commands: readonly { words: string[]; key: string | undefined; records: number[] }[]) {
  const last = new Map<string | undefined, number>()
  const rows = commands.flatMap(({ words, key, records }) => {
    for (const record of records) {
      if (record <= (last.get(key) ?? -1)) expect.fail(`record ${record} is out of order`)
      last.set(key, record)
    }
    const size = (words.length - 2) / records.length
    return records.map((record, at) => [
      words[0],
      key,
      record,
      ...words.slice(2 + at * size, 2 + (at + 1) * size),
    ])
  })
  return new Map(rows.map((row) => [row[2], row]))
}

function idsOf(random: Random, sessions: readonly StreamSession[]): Map<StreamSession, IdRange[]> {
  return new Map(
    sessions.map((session, at) => {
      const first = 1 + at * 1e6 + 10 ** random(8)
      return [
        session,
        [
          { first, last: first + random(20) },
          { first: first + 1000, last: first + 5000 },
        ],
      ]
    }),
  )
}

const IDS = [
  '0.25',
  '-0.5e-3',
  '0.000',
  '1e999',
  '1e-999',
  '1',
  '22',
  '-3',
  '0',
  '-0',
  '1.50',
  '1e3',
  '12345678901234567890123456789012345678901',
  'true',
]
const OTHER_IDS = [
  'null',
  '""',
  '"x"',
  '"a:b"',
  '"50%"',
  '"%null"',
  '"ü\u2028"',
  '"\\u0041"',
  '[1]',
  '{}',
  '{"a":1}',
]
const NAMES = [
  '"{n}m"',
  '"a{}{b}"',
  '"n{m"',
  '"}{n}"',
  '"n"',
  '"Zoë"',
  '"a\\"b"',
  '"%"',
  '7',
  '""',
  'null',
  `"${'n'.repeat(300)}"`,
]

function lineOf(random: Random): string {
  const id =
    random(3) > 0
      ? String(random(random(4) === 0 ? 4 : 1e9))
      : pick(random, random(2) === 0 ? IDS : OTHER_IDS)
  const name = random(3) > 0 ? `"name ${random(1e6)}"` : pick(random, NAMES)
  const size = [0, 3, 3, 40, 40, 700, 4_090, 9_000][random(8)]!
  const members = [
    ...(random(30) === 0 ? [] : [`"id":${id}`]),
    ...(random(30) === 0 ? [] : [`"name":${name}`]),
    `"pad":"${'é'.repeat(random(4))}${'p'.repeat(random(1 + size))}"`,
    ...(random(20) === 0 ? [`"id":${random(100)}`] : []),
  ]
  const data = random(15) === 0 ? `{ ${members.join(' , ')} }` : `{${members.join(',')}}`
  const emittedAt = pick(random, ['1700000000000', '1700000000001', '5', '1700000000', '1700000000000.5'])
  return recordOf(data, emittedAt)
}

function recordOf(data: string, emittedAt: string): string {
  return `{"type":"RECORD","record":{"stream":"a","namespace":"n","data":${data},"emitted_at":${emittedAt}}}`
}

function pick<T>(random: Random, items: readonly T[]): T {
  return items[random(items.length)]!
}

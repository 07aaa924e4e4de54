/**
 * The counter of a stream when a run opens it: the highest id that was given out. Ids never start again while the
 * counter, the metadata or the rows are there.
 */
import { ConfigError, messageOf, problem } from '../../errors.ts'
import { CommandBuffer } from '../../redis/resp/command-buffer.ts'
import { EncodedCommands } from '../../redis/resp/encoded-commands.ts'
import type { CommandClient } from './command-client.ts'
import type { Reply } from '../../redis/resp/reply.ts'
import { manifestsIn } from './generation-manifest.ts'
import { numberIn, type MetadataFields } from './stream-metadata.ts'
import type { StreamPlan } from './stream-plan.ts'

/** As many ids may be without a row one after the other: those of a batch that was never written. */
const ROWS_AT_ONCE = 20_000

export interface OpenCounter {
  readonly key: string
  /** The highest id that was given out. */
  readonly lastId: number
}

/**
 * Returns the counter, raised where it was lower. `otherKey`: counts instead where a former generation, which the run
 * replaces, has its rows in the key of the counter.
 */
export async function openCounter(
  client: CommandClient,
  plan: StreamPlan,
  fields: MetadataFields,
  otherKey?: string,
): Promise<OpenCounter> {
  const counterKey = otherKey ?? plan.counterKey
  const [current, classic] = await Promise.all([
    client.ask('GET', counterKey).catch((error: unknown) => refuseForeignKey(error, plan)),
    // The classic connector counted in a second key while it loaded; its ids can be the higher ones.
    client.ask('GET', `tmp:${counterKey}`).catch(() => null),
  ])
  const value = countIn(current)
  if (value === undefined) throw notACounter(plan)
  const recorded = Math.max(
    numberIn(fields, 'last_id', plan),
    ...manifestsIn(plan.name, plan.metadataKey, fields).map(({ rows }) =>
      rows.kind === 'ids' ? rows.firstId - 1 : 0,
    ),
  )
  const known = Math.max(value, countIn(classic) ?? 0, recorded)
  const lastId = current === null ? await lastRowFrom(client, plan, known) : known
  if (lastId > value) await client.ask('INCRBY', counterKey, lastId - value)
  return { key: counterKey, lastId }
}

/** Returns the count that the classic connector may have left for a stream that has no counter of its own. */
export async function readClassicCounter(client: CommandClient, { baseKey }: StreamPlan): Promise<number> {
  const reply = await client.ask('GET', baseKey).catch((error: unknown) => {
    // A key of another type is not a counter.
    if (error instanceof ConfigError) return null
    throw error
  })
  return countIn(reply) ?? 0
}

/** Returns the highest id from `known` on that has a row, where the counter is gone. */
async function lastRowFrom(client: CommandClient, plan: StreamPlan, known: number): Promise<number> {
  const { idKeys, foreignIds } = plan
  const { type } = plan.locator.form
  if (idKeys === undefined) return known
  const keyOf = (id: number): string => idKeys.lead + id + idKeys.tail
  if (known === 0 && (await client.ask('TYPE', keyOf(1))) !== type) return known
  let last = known
  for (;;) {
    const commands = new CommandBuffer(Buffer.allocUnsafeSlow(1 << 16))
    for (let id = last + 1; id <= last + ROWS_AT_ONCE; id++) commands.command('TYPE', keyOf(id))
    const { read, rejections } = await client.send({
      kind: 'read',
      commands: EncodedCommands.from(commands),
    })
    if (rejections[0] !== undefined) throw rejections[0].error
    const found = read.findLastIndex(
      (values, at) => values[0] === type && !foreignIds.includes(last + 1 + at),
    )
    if (found === -1) return last
    last += found + 1
  }
}

/** Returns undefined for what is not a count. */
function countIn(reply: Reply): number | undefined {
  if (reply === null) return 0
  const count = /^\d{1,16}$/.test(String(reply)) ? Number(reply) : Number.NaN
  return Number.isSafeInteger(count) ? count : undefined
}

function refuseForeignKey(error: unknown, { counterKey, name }: StreamPlan): never {
  if (!(error instanceof ConfigError)) throw error
  throw new ConfigError(
    problem(
      'counter-unreadable',
      `The key ${counterKey}, which counts the records of stream ${name}, cannot be read. ${messageOf(error)}`,
      { options: ['key_prefix'], params: { stream: name, key: counterKey } },
    ),
    { cause: error },
  )
}

function notACounter({ counterKey, name }: StreamPlan): ConfigError {
  return new ConfigError(
    problem(
      'counter-not-a-number',
      `The key ${counterKey}, which counts the records of stream ${name}, does not hold a number up to ` +
        `${Number.MAX_SAFE_INTEGER}. Remove or rename it, or set a key_prefix.`,
      { options: ['key_prefix'], params: { stream: name, key: counterKey } },
    ),
  )
}

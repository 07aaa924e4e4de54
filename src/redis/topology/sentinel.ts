/**
 * Finds the master that sentinels watch, as Redis' guidelines for clients of sentinels want it: any sentinel may be
 * down or cut off from the others, so all are asked, the newest answer is believed, and the server has the last word.
 */
import type { Address, Connection } from '../../config/settings/config.ts'
import { ConnectorError, TransientError } from '../../errors.ts'
import { addressText } from '../transport/address.ts'
import { openConnection, type OpenConnection } from '../session/open-connection.ts'
import { askSentinel, type Answer, type Named } from './sentinel-answer.ts'
import { noMaster } from './sentinel-problems.ts'
import { isReplyError } from '../failures/reply-error.ts'
import { withTimeout } from './with-timeout.ts'
import type { Transport } from '../transport/transport.ts'
import { classify } from '../failures/error-classifier.ts'
import type { SentinelDeployment } from './sentinel-answer.ts'

/** Sentinels and master together are given no longer than any server is to be connected to. */
const WHOLE_MS = 10_000

/** Those that know the master are heard of soon; who is silent may be silent for good. */
const ANSWERS_MS = 5_000

/** The server does not tell: it is taken to be what the sentinels take it for. */
type Role = 'master' | 'slave' | undefined

export class Sentinels {
  readonly #transport: Transport
  readonly #connection: Connection
  readonly #deployment: SentinelDeployment
  /** Told of by the sentinels that answered last: those of the configuration may be gone by the next time. */
  #learned: readonly Address[] = []

  constructor(transport: Transport, connection: Connection, deployment: SentinelDeployment) {
    this.#transport = transport
    this.#connection = connection
    this.#deployment = deployment
  }

  async findMaster(): Promise<Address> {
    const deadline = performance.now() + WHOLE_MS
    const answers = await this.#ask()
    const named = answers.filter((answer) => answer.kind === 'named')
    if (named.length === 0) throw noMaster(answers, this.#deployment)
    this.#learned = named.flatMap(({ others }) => others)
    const [newest, ...older] = inOrder(named)
    // A replica is for certain not the master, and then an older answer may be right after all. A server that cannot be
    // reached may be the master: who goes on to an older one then may write to a master that has been replaced.
    for (const master of [newest!, ...older]) {
      const role = await this.#roleOf(master, deadline - performance.now())
      if (role !== 'slave') return master
    }
    throw new TransientError(
      `The sentinels name ${addressText(newest!)} as the master of "${this.#deployment.masterName}", and it is a ` +
        'replica. Another master is being made.',
    )
  }

  /** Asks all at once, and the sentinels that these tell of as well; more than half of them is enough. */
  #ask(): Promise<Answer[]> {
    const { promise, resolve } = Promise.withResolvers<Answer[]>()
    const asked = new Set<string>()
    const answers: Answer[] = []
    const timer = setTimeout(() => resolve([...answers]), ANSWERS_MS)
    const ask = async (address: Address): Promise<void> => {
      if (asked.has(addressText(address))) return
      asked.add(addressText(address))
      const answer = await askSentinel(this.#transport, address, this.#deployment)
      answers.push(answer)
      if (answer.kind === 'named') for (const other of answer.others) void ask(other)
      if (answers.length < asked.size && !areMostOf(answers, this.#deployment.nodes.length)) return
      clearTimeout(timer)
      resolve([...answers])
    }
    for (const address of [...this.#deployment.nodes, ...this.#learned]) void ask(address)
    return promise
  }

  async #roleOf(address: Address, timeoutMs: number): Promise<Role> {
    const where = addressText(address)
    try {
      await using server = await openConnection(this.#transport, address, this.#connection, timeoutMs)
      return await withTimeout(timeoutMs, server, readRole(server))
    } catch (error) {
      if (isReplyError(error) || error instanceof ConnectorError) throw classify(error, where).error
      const { handling, error: judged } = classify(error, where)
      if (handling === 'stop') throw judged
      throw new TransientError(
        `The sentinels name ${where} as the master of "${this.#deployment.masterName}", and it cannot be reached ` +
          `(${(error as NodeJS.ErrnoException).code ?? 'connection lost'}). Either another master is being made, or ` +
          'this address does not work from here (sentinel announce-ip, replica-announce-ip).',
        { cause: error },
      )
    }
  }
}

/** A sentinel that has several addresses counts once; one that knows of no others must not speak for those listed. */
function areMostOf(answers: readonly Answer[], listed: number): boolean {
  const named = answers.filter((answer) => answer.kind === 'named')
  const sentinels = new Set(named.map(({ sentinel }) => sentinel)).size
  const all = Math.max(listed, 1 + Math.max(0, ...named.map(({ others }) => others.length)))
  return sentinels > all / 2
}

/** The masters that were named, the newest first; of two as new, the one that more sentinels name. */
function inOrder(named: readonly Named[]): Address[] {
  const masters = new Map<string, { address: Address; epoch: number; votes: number }>()
  for (const { master, epoch } of named) {
    const before = masters.get(addressText(master)) ?? { address: master, epoch, votes: 0 }
    masters.set(addressText(master), {
      ...before,
      epoch: Math.max(epoch, before.epoch),
      votes: before.votes + 1,
    })
  }
  const sorted = [...masters.values()].toSorted(
    (one, other) => other.epoch - one.epoch || other.votes - one.votes,
  )
  return sorted.map(({ address }) => address)
}

/** ROLE is newer than INFO, and either may be denied. */
async function readRole(server: OpenConnection): Promise<Role> {
  try {
    const role = await server.call('ROLE')
    return roleIn(Array.isArray(role) ? String(role[0]) : undefined)
  } catch (error) {
    if (!isDenied(error)) throw error
  }
  try {
    return roleIn(/^role:(\w+)/m.exec(String(await server.call('INFO', 'replication')))?.[1])
  } catch (error) {
    if (!isDenied(error)) throw error
    return undefined
  }
}

function roleIn(text: string | undefined): Role {
  return text === 'master' || text === 'slave' ? text : undefined
}

function isDenied(error: unknown): boolean {
  return isReplyError(error) && /^(NOPERM|ERR unknown command)/i.test(error.message)
}

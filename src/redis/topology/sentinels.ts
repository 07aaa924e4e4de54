/**
 * Finds the master that sentinels watch, by Redis' guidelines for sentinel clients: any sentinel may be down or cut off
 * from the others, so all are asked, the answer with the highest epoch counts, and the server itself confirms its role.
 */
import { monotonicMs } from '../../clock.ts'
import type { Address, Connection } from '../../config/settings/config.ts'
import { ConnectorError, problem, TransientError } from '../../errors.ts'
import { addressText } from '../transport/address.ts'
import { openConnection, type OpenConnection } from '../session/open-connection.ts'
import { MOST_AT_ONCE } from '../session/some-at-a-time.ts'
import {
  askSentinel,
  type NamedMaster,
  type SentinelAnswer,
  type SentinelDeployment,
} from './ask-sentinel.ts'
import { sentinelProblem } from './sentinel-problem.ts'
import { isReplyError } from '../failures/reply-error.ts'
import type { Transport } from '../transport/transport.ts'
import { classify } from '../failures/error-classifier.ts'
import { limitMs, noAnswer } from '../session/time-limits.ts'

/** For asking the sentinels and the master: no longer than connecting to one server may take. */
const WHOLE_MS = limitMs(10_000)

/** Sentinels that work answer soon; one that is silent now may never answer. */
const ANSWERS_MS = limitMs(5_000)

/** A sentinel may name any number of others. */
const MOST_ASKED = 256

/** Undefined where the server does not report it: then the sentinels are believed. */
type Role = 'master' | 'slave' | undefined

export class Sentinels {
  readonly #transport: Transport
  readonly #connection: Connection
  readonly #deployment: SentinelDeployment
  /** Named by the sentinels that answered last, as those in the configuration may be gone by the next time. */
  #learned: readonly Address[] = []

  constructor(transport: Transport, connection: Connection, deployment: SentinelDeployment) {
    this.#transport = transport
    this.#connection = connection
    this.#deployment = deployment
  }

  async findMaster(): Promise<Address> {
    const deadline = monotonicMs() + WHOLE_MS
    const answers = await this.#ask()
    const named = answers.filter((answer) => answer.kind === 'named')
    if (named.length === 0) throw sentinelProblem(answers, this.#deployment)
    for (const { master, others } of named)
      for (const address of [master, ...others]) this.#transport.requireAllowed(address)
    this.#learned = named.flatMap(({ others }) => others)
    const [newest, ...older] = byEpoch(named)
    // A replica is certainly not the master, so an older answer may still be right. A server that cannot be reached may
    // be the master: connecting to an older one instead could write to a master that has been replaced.
    for (const master of [newest!, ...older]) {
      const role = await this.#readRoleOf(master, Math.max(1, deadline - monotonicMs()))
      if (role !== 'slave') return master
    }
    const where = addressText(newest!)
    const { masterName } = this.#deployment
    throw new TransientError(
      problem(
        'master-is-replica',
        `The sentinels name ${where} as the master of "${masterName}", and it is a replica. A failover is under way.`,
        { params: { where, master: masterName } },
      ),
    )
  }

  /** Asks all at once, and the sentinels that these name as well; the answers of more than half are enough. */
  #ask(): Promise<SentinelAnswer[]> {
    const { promise, resolve } = Promise.withResolvers<SentinelAnswer[]>()
    const asked = new Set<string>()
    const answers: SentinelAnswer[] = []
    const silent = new Set<string>()
    const timer = setTimeout(() => resolve([...answers, ...[...silent].map(silentAnswer)]), ANSWERS_MS)
    const waiting: Address[] = []
    let underWay = 0
    const next = (): void => {
      for (const address of waiting.splice(0, MOST_AT_ONCE - underWay)) void askOne(address)
    }
    const ask = (address: Address): void => {
      if (asked.has(addressText(address)) || asked.size === MOST_ASKED) return
      asked.add(addressText(address))
      silent.add(addressText(address))
      waiting.push(address)
      next()
    }
    const askOne = async (address: Address): Promise<void> => {
      underWay++
      const answer = await askSentinel(this.#transport, address, this.#deployment)
      underWay--
      silent.delete(addressText(address))
      answers.push(answer)
      if (answer.kind === 'named') for (const other of answer.others) ask(other)
      next()
      if (answers.length < asked.size && !areMajority(answers, this.#deployment.nodes.length)) return
      clearTimeout(timer)
      resolve([...answers])
    }
    for (const address of [...this.#deployment.nodes, ...this.#learned]) ask(address)
    return promise
  }

  async #readRoleOf(address: Address, timeoutMs: number): Promise<Role> {
    const where = addressText(address)
    const limits = { handshakeMs: timeoutMs, replyMs: timeoutMs }
    try {
      await using server = await openConnection(this.#transport, address, this.#connection, limits)
      return await readRole(server)
    } catch (error) {
      const { handling, error: classified } = classify(error, where)
      const isOurs = error instanceof ConnectorError && error.problem?.code !== 'reply-timeout'
      if (handling === 'stop' || isOurs || isReplyError(error)) throw classified
      throw this.#unreachable(where, error)
    }
  }

  #unreachable(where: string, error: unknown): TransientError {
    const { masterName } = this.#deployment
    const reason = (error as NodeJS.ErrnoException).code ?? 'connection lost'
    return new TransientError(
      problem(
        'master-unreachable',
        `The sentinels name ${where} as the master of "${masterName}", and it cannot be reached (${reason}). Either a ` +
          'failover is under way, or this address does not work from here (sentinel announce-ip, replica-announce-ip).',
        { params: { where, master: masterName } },
      ),
      { cause: error },
    )
  }
}

/** Returns the failure that stands for a sentinel that has not answered in time, though it may have sent some bytes. */
function silentAnswer(where: string): SentinelAnswer {
  return { kind: 'failed', where, error: noAnswer() }
}

/** Counts a sentinel with several addresses once; one that has no others must not outvote those in the configuration. */
function areMajority(answers: readonly SentinelAnswer[], listed: number): boolean {
  const named = answers.filter((answer) => answer.kind === 'named')
  const sentinels = new Set(named.map(({ sentinel }) => sentinel)).size
  const all = Math.max(listed, 1 + Math.max(0, ...named.map(({ others }) => others.length)))
  return sentinels > all / 2
}

/** Returns the masters with the highest epoch first; of equal epochs, the one that more sentinels name. */
function byEpoch(named: readonly NamedMaster[]): Address[] {
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

/** Asks with ROLE, which older servers do not have, else with INFO; a user may be denied both. */
async function readRole(server: OpenConnection): Promise<Role> {
  try {
    const role = await server.call('ROLE')
    return roleOf(Array.isArray(role) ? String(role[0]) : undefined)
  } catch (error) {
    if (!isDenied(error)) throw error
  }
  try {
    return roleOf(/^role:(\w+)/m.exec(String(await server.call('INFO', 'replication')))?.[1])
  } catch (error) {
    if (!isDenied(error)) throw error
    return undefined
  }
}

function roleOf(text: string | undefined): Role {
  return text === 'master' || text === 'slave' ? text : undefined
}

function isDenied(error: unknown): boolean {
  return isReplyError(error) && /^(NOPERM|ERR unknown command)/i.test(error.message)
}

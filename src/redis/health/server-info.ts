/** Reads what a server reports about itself. Managed services deny some of it, which does not fail a check. */
import type { OpenConnection } from '../session/open-connection.ts'
import { ignoreReplyError, isReplyError } from '../failures/reply-error.ts'
import type { Reply } from '../resp/reply.ts'

export interface ServerInfo {
  /** The lines of INFO; undefined where it is denied. */
  readonly info: ReadonlyMap<string, string> | undefined
  /** The settings that CONFIG GET returns. */
  readonly settings: ReadonlyMap<string, string>
  /** How far its clock is ahead of ours, in milliseconds; undefined where TIME is denied. */
  readonly aheadMs: number | undefined
  /** Whether a lost connection can be closed on the server. */
  readonly canKillClients: boolean
  /** Whether connections can have a name. */
  readonly canNameClients: boolean
}

const SETTINGS = ['save', 'appendfsync', 'notify-keyspace-events'] as const

/** A client id that no connection has. */
const NO_CLIENT = Number.MAX_SAFE_INTEGER

export async function readServerInfo(server: OpenConnection): Promise<ServerInfo> {
  const ask = (command: string, ...args: (string | number)[]): Promise<Reply | undefined> =>
    server.call(command, ...args).catch(ignoreDenial)
  const askedAt = Date.now()
  const [time, info, killed, name, ...settings] = await Promise.all([
    ask('TIME').then((reply) => ({ reply, answeredAt: Date.now() })),
    ask('INFO'),
    ask('CLIENT', 'KILL', 'ID', NO_CLIENT),
    ask('CLIENT', 'SETNAME', 'destination-redis'),
    ...SETTINGS.map((setting) => ask('CONFIG', 'GET', setting)),
  ])
  return {
    info: typeof info === 'string' ? linesOf(info) : undefined,
    settings: new Map(settings.flatMap(pairsOf)),
    aheadMs: aheadOf(time.reply, askedAt, time.answeredAt),
    canKillClients: killed !== undefined && server.identity.clientId !== undefined,
    canNameClients: name !== undefined,
  }
}

/** Throws where the server wants a login first: it denies everything, and closes a connection that asks for more. */
function ignoreDenial(error: unknown): undefined {
  if (isReplyError(error) && error.message.startsWith('NOAUTH')) throw error
  return ignoreReplyError(error)
}

/** Returns the number in a line of INFO. */
export function numberIn(info: ServerInfo['info'], line: string): number | undefined {
  const text = info?.get(line)
  return text === undefined ? undefined : Number(text)
}

function linesOf(info: string): Map<string, string> {
  const lines = info.split(/\r?\n/).map((line) => /^([^#:][^:]*):(.*)$/.exec(line))
  return new Map(lines.flatMap((line) => (line === null ? [] : [[line[1]!, line[2]!] as const])))
}

function pairsOf(reply: Reply | undefined): [string, string][] {
  if (!Array.isArray(reply) || reply.length < 2) return []
  return [[String(reply[0]), String(reply[1])]]
}

/** Returns 0 for a time within the time that the answer took. */
function aheadOf(time: Reply | undefined, askedAt: number, answeredAt: number): number | undefined {
  if (!Array.isArray(time)) return undefined
  const serverTime = Number(time[0]) * 1000 + Number(time[1]) / 1000
  if (serverTime > answeredAt) return serverTime - answeredAt
  return Math.min(0, serverTime - askedAt)
}

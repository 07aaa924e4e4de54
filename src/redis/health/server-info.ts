/** What a server tells of itself. Managed services keep some of it to themselves, which is no reason to fail. */
import type { OpenConnection } from '../session/open-connection.ts'
import { ignoreReplyError } from '../failures/reply-error.ts'
import type { Reply } from '../resp/reply.ts'

export interface Facts {
  /** The lines of INFO; undefined where it may not be asked. */
  readonly info: ReadonlyMap<string, string> | undefined
  /** Of CONFIG GET, those that it tells. */
  readonly settings: ReadonlyMap<string, string>
  /** How far its clock is ahead of ours, in milliseconds. */
  readonly aheadMs: number | undefined
  /** Whether a connection that was lost can be closed on the server. */
  readonly isClosing: boolean
  /** Whether connections can be given a name. */
  readonly isNaming: boolean
}

const SETTINGS = ['save', 'appendfsync', 'notify-keyspace-events'] as const

/** No connection ever has it. */
const NO_CLIENT = Number.MAX_SAFE_INTEGER

export async function readFacts(server: OpenConnection): Promise<Facts> {
  const ask = (command: string, ...args: (string | number)[]): Promise<Reply | undefined> =>
    server.call(command, ...args).catch(ignoreReplyError)
  const asked = Date.now()
  const [time, info, killed, name, ...settings] = await Promise.all([
    ask('TIME').then((reply) => ({ reply, answered: Date.now() })),
    ask('INFO'),
    ask('CLIENT', 'KILL', 'ID', NO_CLIENT),
    ask('CLIENT', 'SETNAME', 'destination-redis'),
    ...SETTINGS.map((setting) => ask('CONFIG', 'GET', setting)),
  ])
  return {
    info: typeof info === 'string' ? linesOf(info) : undefined,
    settings: new Map(settings.flatMap(pairsOf)),
    aheadMs: aheadOf(time.reply, asked, time.answered),
    isClosing: killed !== undefined && server.identity.clientId !== undefined,
    isNaming: name !== undefined,
  }
}

/** Of a line of INFO that is a number. */
export function numberIn(info: Facts['info'], line: string): number | undefined {
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

/** The time that the answer took is no difference of clocks. */
function aheadOf(time: Reply | undefined, asked: number, answered: number): number | undefined {
  if (!Array.isArray(time)) return undefined
  const theirs = Number(time[0]) * 1000 + Number(time[1]) / 1000
  if (theirs > answered) return theirs - answered
  return Math.min(0, theirs - asked)
}

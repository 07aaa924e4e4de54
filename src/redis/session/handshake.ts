/** The first commands on a connection: they log in, and read the version of the server and the id of the connection. */
import { randomUUID } from 'node:crypto'
import { capabilitiesOf, guessVersion, versionIn } from '../commands/capabilities.ts'
import { classifyReply } from '../failures/error-classifier.ts'
import { isReplyError } from '../failures/reply-error.ts'
import type { Capabilities } from '../commands/capabilities.ts'
import type { Connection } from '../../config/settings/config.ts'
import type { Reply } from '../resp/reply.ts'

/** The user and the database of a connection. */
export type Login = Pick<Connection, 'username' | 'password' | 'database'>

/** Identifies a connection on its server; undefined where the server does not say. */
export interface ClientIdentity {
  readonly clientId: number | undefined
  /** Changes whenever the server process does. */
  readonly runId: string | undefined
}

type Call = (command: string, ...args: (string | number)[]) => Promise<Reply>

/** The name in CLIENT LIST. */
const CLIENT_NAME = 'destination-redis'

/** Logs in, and asks everything else at once, as each round trip to a distant server takes time. */
export async function shakeHands(
  call: Call,
  login: Login,
): Promise<{ identity: ClientIdentity; capabilities: Capabilities }> {
  await logIn(call, login)
  const [clientId, info] = await Promise.all([
    // Managed servers may deny CLIENT or INFO: then the identity stays unknown, and the connection works all the same.
    call('CLIENT', 'ID').catch(ignoreDenial),
    call('INFO', 'server').catch(ignoreDenial),
    call('CLIENT', 'SETNAME', CLIENT_NAME).catch(ignoreDenial),
    login.database === 0 ? undefined : call('SELECT', login.database),
  ])
  const capabilities = capabilitiesOf(versionIn(String(info)) ?? (await guessVersion(call)))
  const hasClientId = typeof clientId === 'number'
  return {
    capabilities,
    identity: {
      // A server that has CLIENT ID and denies it denies CLIENT LIST, too.
      clientId: hasClientId ? clientId : capabilities.clientId ? undefined : await findClientId(call),
      runId: /^run_id:(\S+)/m.exec(String(info))?.[1],
    },
  }
}

/** Finds this connection in CLIENT LIST by a name that no other client has. */
async function findClientId(call: Call): Promise<number | undefined> {
  const name = `${CLIENT_NAME}:${randomUUID()}`
  const [, list] = await Promise.all([
    call('CLIENT', 'SETNAME', name).catch(ignoreDenial),
    call('CLIENT', 'LIST').catch(ignoreDenial),
    call('CLIENT', 'SETNAME', CLIENT_NAME).catch(ignoreDenial),
  ])
  const line = String(list)
    .split('\n')
    .find((client) => client.includes(` name=${name} `))
  const id = /\bid=(\d+)/.exec(line ?? '')?.[1]
  return id === undefined ? undefined : Number(id)
}

/** Ignores that a command is denied or missing. A server that refuses all commands for now is connected to again later. */
function ignoreDenial(error: unknown): undefined {
  if (!isReplyError(error) || classifyReply(error.message, '').handling === 'retry') throw error
}

async function logIn(call: Call, { username, password }: Login): Promise<void> {
  if (username === undefined) {
    if (password !== undefined) await call('AUTH', password)
    return
  }
  try {
    await call('AUTH', username, password ?? '')
  } catch (error) {
    // Before Redis 6 a server has a password and no users.
    if (!isReplyError(error) || !/wrong number of arguments/.test(error.message)) throw error
    if (password !== undefined) await call('AUTH', password)
  }
}

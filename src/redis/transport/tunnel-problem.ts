/** Says what goes wrong with an SSH tunnel. */
import type { TunnelSettings } from '../../config/settings/config.ts'
import { ConfigError, problem, TransientError, type Problem } from '../../errors.ts'
import { networkProblem, type Target } from './network-errors.ts'
import type { Where } from './address.ts'

const HOST = 'tunnel_method.tunnel_host'
const PORT = 'tunnel_method.tunnel_port'
const USER = 'tunnel_method.tunnel_user'
const PASSWORD = 'tunnel_method.tunnel_user_password'
const KEY = 'tunnel_method.ssh_key'
const ALLOW_SHA1 = 'tunnel_method.allow_sha1'

/** Why the SSH host cannot be reached. */
export function unreachable(error: unknown, where: Where): TransientError {
  const { code } = error as NodeJS.ErrnoException
  const sentence = `The SSH host ${where} closed the connection.`
  const closed = problem('tunnel-host-closed', sentence, { params: { where } })
  return new TransientError(networkProblem(code, sshHost(where)) ?? closed, { cause: error })
}

/** The SSH host does not answer. */
export function unanswered(where: Where): Problem {
  return networkProblem('ETIMEDOUT', sshHost(where))!
}

function sshHost(where: Where): Target {
  return { name: `The SSH host ${where}`, host: [HOST], port: [PORT] }
}

/** Which kinds of algorithms differ; the rest of the text may be the host's. */
const NOT_MATCHING =
  /no matching (key exchange algorithm|host key format|[CS]->[CS] (cipher|MAC|compression algorithm))/

/** The name of the algorithm in the host's list, which is followed by another one or by the length of the next list. */
const OFFERS_SHA1 = /ssh-rsa[,\0]/

/** Why the login failed; `heard` is the beginning of what the other side has sent. */
export function loginProblem(error: unknown, heard: string, where: Where, tunnel: TunnelSettings): Error {
  const { level, message } = error as Error & { level?: string }
  if (heard !== '' && !/^SSH-/m.test(heard)) {
    const sentence = `The server at ${where} is not an SSH server. Check ${HOST} and ${PORT}.`
    return new ConfigError(problem('not-ssh', sentence, { options: [HOST, PORT], params: { where } }), {
      cause: error,
    })
  }
  if (level === 'client-authentication') return new ConfigError(loginRefused(where, tunnel), { cause: error })
  const missing = NOT_MATCHING.exec(message)?.[0]
  if (missing?.includes('host key') === true && !tunnel.allowSha1 && OFFERS_SHA1.test(heard))
    return new ConfigError(onlySha1(where), { cause: error })
  if (missing !== undefined) {
    const sentence = `The SSH host ${where} has no SSH algorithm in common with us: ${missing}.`
    return new ConfigError(problem('ssh-algorithms-differ', sentence, { params: { where } }), {
      cause: error,
    })
  }
  return error instanceof TransientError ? error : unreachable(error, where)
}

function onlySha1(where: Where): Problem {
  return problem(
    'ssh-host-only-sha1',
    `The SSH host ${where} can prove who it is only with SHA-1 signatures (ssh-rsa), which can be forged. Update its SSH ` +
      `server, or give it an ed25519 key; until then, ${ALLOW_SHA1} accepts them.`,
    { options: [ALLOW_SHA1], params: { where } },
  )
}

function loginRefused(where: Where, { user, credential }: TunnelSettings): Problem {
  const params = { where, user }
  if ('key' in credential)
    return problem(
      'ssh-key-refused',
      `The SSH host ${where} refuses the key of the user ${user}. Check ${USER}, and that the public half of ${KEY} is ` +
        'among its authorized keys.',
      { options: [USER, KEY], params },
    )
  return problem(
    'ssh-password-refused',
    `The SSH host ${where} refuses the password of the user ${user}. Check ${USER} and ${PASSWORD}.`,
    { options: [USER, PASSWORD], params },
  )
}

export interface HostKey {
  readonly fingerprint: string
  /** For example `ssh-ed25519`. */
  readonly algorithm: string
}

/** The SSH host has other keys than the configuration says. */
export function wrongHostKey(seen: readonly HostKey[], where: Where): ConfigError {
  const option = 'tunnel_method.tunnel_host_key'
  const keys = seen.map(({ fingerprint, algorithm }) => `${fingerprint} (${algorithm})`).join(' and ')
  return new ConfigError(
    problem(
      'ssh-host-key-differs',
      `The SSH host ${where} does not have the key in ${option}, but ${keys}. ` +
        'If its key was changed on purpose, set the option to the new one; if not, somebody may intercept the connection.',
      { options: [option], params: { where, keys } },
    ),
  )
}

/** Why an SSH server does not open a connection (RFC 4254, 5.1). */
const PROHIBITED = 1
const CONNECT_FAILED = 2

/** Why the SSH host does not open a connection to `address`. */
export function forwardingProblem(error: unknown, address: Where, where: Where): Error {
  const { reason, message } = error as Error & { reason?: number }
  const params = { where, address }
  if (reason === PROHIBITED) {
    const sentence = `The SSH host ${where} does not allow connections to ${address}. Allow them there (AllowTcpForwarding and PermitOpen in sshd_config).`
    return new ConfigError(problem('ssh-forwarding-denied', sentence, { params }), { cause: error })
  }
  if (reason !== CONNECT_FAILED) return tunnelLost(where, error)
  const detail = /failure: ([A-Za-z ]{1,60})$/.exec(message)?.[1]
  const sentence =
    `Redis at ${address} cannot be reached from the SSH host ${where}${detail === undefined ? '' : ` (${detail})`}. ` +
    'Check host and port, as they are seen from there, and that Redis runs.'
  return new TransientError(
    problem('ssh-forwarding-failed', sentence, { options: ['host', 'port'], params }),
    { cause: error },
  )
}

/** Redis does not answer the SSH host. */
export function forwardingUnanswered(address: Where, where: Where): Problem {
  const sentence = `Redis at ${address} does not answer the SSH host ${where}. Check host and port.`
  return problem('ssh-forwarding-timeout', sentence, {
    options: ['host', 'port'],
    params: { where, address },
  })
}

export function tunnelLost(where: Where, cause?: unknown): TransientError {
  const sentence = `The SSH tunnel through ${where} was lost.`
  return new TransientError(problem('tunnel-lost', sentence, { params: { where } }), { cause })
}

/** What goes wrong with an SSH tunnel, as sentences for the operator. */
import type { TunnelSettings } from '../../config/settings/config.ts'
import { ConfigError, TransientError } from '../../errors.ts'
import type { Where } from './address.ts'

/** What sockets and name servers report, by error code. */
const NETWORK_RULES: Record<string, (where: Where) => string> = {
  ENOTFOUND: (where) => `The SSH host of ${where} is not known. Check tunnel_method.tunnel_host.`,
  EAI_AGAIN: (where) =>
    `The SSH host of ${where} could not be looked up. Check tunnel_method.tunnel_host, and the name server.`,
  ECONNREFUSED: (where) =>
    `No SSH server listens at ${where}. Check tunnel_method.tunnel_host and tunnel_method.tunnel_port.`,
  EHOSTUNREACH: (where) =>
    `The SSH host ${where} cannot be reached. Check tunnel_method.tunnel_host, and the network in between.`,
  ENETUNREACH: (where) =>
    `The SSH host ${where} cannot be reached. Check tunnel_method.tunnel_host, and the network in between.`,
  ETIMEDOUT: (where) => silent(where),
}

export function unreachable(error: unknown, where: Where): TransientError {
  const { code = '' } = error as NodeJS.ErrnoException
  const sentence = NETWORK_RULES[code]?.(where) ?? `The SSH host ${where} closed the connection.`
  return new TransientError(sentence, { cause: error })
}

export function silent(where: Where): string {
  return `The SSH host ${where} does not answer. Check tunnel_method.tunnel_host and tunnel_method.tunnel_port, and firewalls in between.`
}

/** `heard`: the beginning of what the other side has said. */
export function loginProblem(error: unknown, heard: string, where: Where, tunnel: TunnelSettings): Error {
  const { level, message } = error as Error & { level?: string }
  if (heard !== '' && !/^SSH-/m.test(heard))
    return new ConfigError(
      `What answers at ${where} is not an SSH server. Check tunnel_method.tunnel_host and tunnel_method.tunnel_port.`,
      { cause: error },
    )
  if (level === 'client-authentication') return new ConfigError(refused(where, tunnel), { cause: error })
  if (message.includes('no matching'))
    return new ConfigError(`The SSH host ${where} is too old or too new to be spoken to: ${message}.`, {
      cause: error,
    })
  return error instanceof TransientError ? error : unreachable(error, where)
}

function refused(where: Where, { user, credential }: TunnelSettings): string {
  return 'key' in credential
    ? `The SSH host ${where} refuses the key of the user ${user}. Check tunnel_method.tunnel_user, and that the public half of tunnel_method.ssh_key is among its authorized keys.`
    : `The SSH host ${where} refuses the password of the user ${user}. Check tunnel_method.tunnel_user and tunnel_method.tunnel_user_password.`
}

export interface HostKey {
  readonly fingerprint: string
  /** Such as `ssh-ed25519`. */
  readonly sort: string
}

export function wrongHostKey(seen: readonly HostKey[], where: Where): ConfigError {
  const shown = seen.map(({ fingerprint, sort }) => `${fingerprint} (${sort})`).join(' and ')
  return new ConfigError(
    `The SSH host ${where} is not the one in tunnel_method.tunnel_host_key: it shows ${shown}. ` +
      'If its key was changed on purpose, set that; if not, somebody may be listening in.',
  )
}

/** Why an SSH server does not open a connection (RFC 4254, 5.1). */
const PROHIBITED = 1
const CONNECT_FAILED = 2

export function forwardingProblem(error: unknown, address: Where, where: Where): Error {
  const { reason, message } = error as Error & { reason?: number }
  if (reason === PROHIBITED)
    return new ConfigError(
      `The SSH host ${where} does not let connections through to ${address}. Allow it there (AllowTcpForwarding and PermitOpen in sshd_config).`,
      { cause: error },
    )
  if (reason === CONNECT_FAILED)
    return new TransientError(
      `Redis at ${address} cannot be reached from the SSH host ${where}${detailOf(message)}. ` +
        'Check host and port, as they are seen from there, and that Redis runs.',
      { cause: error },
    )
  return lost(where, error)
}

/** What the server says, if it says anything. */
function detailOf(message: string): string {
  const said = /failure: (.+)$/.exec(message)?.[1]
  return said === undefined ? '' : ` (${said})`
}

export function lost(where: Where, cause?: unknown): TransientError {
  return new TransientError(`The SSH tunnel through ${where} was lost.`, { cause })
}

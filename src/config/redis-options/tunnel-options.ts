/** Reads `tunnel_method`: the SSH host between the connector and Redis, if there is one. */
import { optionProblem, type Problem } from '../../errors.ts'
import type { TunnelSettings } from '../settings/config.ts'
import { hostProblem, withoutBrackets } from './host-port.ts'
import { readPrivateKey } from './pem.ts'

/** The options, with the defaults of spec/spec.json filled in. */
export interface TunnelOptions {
  tunnel_method: 'NO_TUNNEL' | 'SSH_KEY_AUTH' | 'SSH_PASSWORD_AUTH'
  tunnel_host?: string
  tunnel_port?: number
  tunnel_user?: string
  ssh_key?: string
  ssh_key_passphrase?: string
  tunnel_user_password?: string
  tunnel_host_key?: string
  allow_sha1?: boolean
}

/** The form that OpenSSH prints: `SHA256:` and 32 bytes in base64. */
const FINGERPRINT = /^(SHA256:[A-Za-z0-9+/]{43})=?$/

/** The schema refuses wrong types. Spaces around texts are removed, as in the classic connector. */
export function readTunnel(
  tunnelMethod: TunnelOptions | undefined,
  problems: Problem[],
): TunnelSettings | undefined {
  const options: Partial<TunnelOptions> = Object(tunnelMethod)
  const method = options.tunnel_method
  if (method !== 'SSH_KEY_AUTH' && method !== 'SSH_PASSWORD_AUTH') return undefined
  for (const [name, value] of Object.entries(options))
    if (name !== 'ssh_key_passphrase' && typeof value === 'string' && /^\s+$/.test(value))
      problems.push(optionProblem('option-empty', `tunnel_method.${name}`, 'must not be empty'))
  const host = trimmed(options.tunnel_host)
  const wrongHost = host === '' ? undefined : hostProblem('tunnel_method.tunnel_host', host, 'tunnel_port')
  if (wrongHost !== undefined) problems.push(wrongHost)
  const key =
    method === 'SSH_KEY_AUTH' ? readPrivateKey('tunnel_method.ssh_key', options.ssh_key, problems) : undefined
  return Object.freeze({
    host: withoutBrackets(host),
    // Variants of a tunnel have a default for the port.
    port: options.tunnel_port!,
    user: trimmed(options.tunnel_user),
    credential:
      key === undefined
        ? { password: trimmed(options.tunnel_user_password) }
        : { key, passphrase: options.ssh_key_passphrase || undefined },
    hostKey: readFingerprint(trimmed(options.tunnel_host_key), problems),
    allowSha1: options.allow_sha1 === true,
  })
}

function readFingerprint(text: string, problems: Problem[]): string | undefined {
  if (text === '') return undefined
  const fingerprint = FINGERPRINT.exec(text)?.[1]
  if (fingerprint === undefined)
    problems.push(
      optionProblem(
        'host-key-malformed',
        'tunnel_method.tunnel_host_key',
        'must look like SHA256:… with 43 letters and digits; run ssh-keygen -lf on the public host key of the SSH host',
      ),
    )
  return fingerprint
}

function trimmed(text: unknown): string {
  return typeof text === 'string' ? text.trim() : ''
}

/** `tunnel_method` → the SSH host in between, if there is one. */
import type { TunnelSettings } from '../settings/config.ts'
import { hostProblem, withoutBrackets } from './host-port.ts'
import { readPem } from './pem.ts'

export interface TunnelOptions {
  tunnel_method: 'NO_TUNNEL' | 'SSH_KEY_AUTH' | 'SSH_PASSWORD_AUTH'
  tunnel_host?: string
  tunnel_port?: number
  tunnel_user?: string
  ssh_key?: string
  ssh_key_passphrase?: string
  tunnel_user_password?: string
  tunnel_host_key?: string
}

const SSH_PORT = 22

/** As OpenSSH shows it: `SHA256:` and 32 bytes in base64. */
const FINGERPRINT = /^(SHA256:[A-Za-z0-9+/]{43})=?$/

/** What is not of the form it should have is for the schema to refuse. Spaces around texts are cut off, as the classic connector did. */
export function readTunnel(
  options: TunnelOptions | undefined,
  problems: string[],
): TunnelSettings | undefined {
  const given: Partial<TunnelOptions> = Object(options)
  const method = given.tunnel_method
  if (method !== 'SSH_KEY_AUTH' && method !== 'SSH_PASSWORD_AUTH') return undefined
  for (const [field, value] of Object.entries(given))
    if (field !== 'ssh_key_passphrase' && typeof value === 'string' && /^\s+$/.test(value))
      problems.push(`tunnel_method.${field}: is empty; give it`)
  const host = trimmed(given.tunnel_host)
  const wrong = host === '' ? undefined : hostProblem(host, 'tunnel_port')
  if (wrong !== undefined) problems.push(`tunnel_method.tunnel_host: ${wrong}`)
  const key =
    method === 'SSH_KEY_AUTH' ? readPem('tunnel_method.ssh_key', given.ssh_key, 'key', problems) : undefined
  return Object.freeze({
    host: withoutBrackets(host),
    port: given.tunnel_port ?? SSH_PORT,
    user: trimmed(given.tunnel_user),
    credential:
      key === undefined
        ? { password: trimmed(given.tunnel_user_password) }
        : { key, passphrase: given.ssh_key_passphrase || undefined },
    hostKey: readFingerprint(trimmed(given.tunnel_host_key), problems),
  })
}

function readFingerprint(text: string, problems: string[]): string | undefined {
  if (text === '') return undefined
  const fingerprint = FINGERPRINT.exec(text)?.[1]
  if (fingerprint === undefined)
    problems.push(
      'tunnel_method.tunnel_host_key: must look like SHA256:… with 43 letters and digits; ask the SSH host with ssh-keygen -lf on its public key',
    )
  return fingerprint
}

function trimmed(text: unknown): string {
  return typeof text === 'string' ? text.trim() : ''
}

/**
 * Options of the classic Airbyte Redis destination that this version has no code for. Switched off, as most
 * configurations have them, they are accepted; switched on they are refused by name, so that nobody believes a
 * connection to be encrypted that is not.
 */

const CLASSIC_OPTIONS = ['ssl', 'ssl_mode', 'tunnel_method']

export function isClassicOption(field: string): boolean {
  return CLASSIC_OPTIONS.includes(field)
}

export function refuseClassicOptions(raw: Record<string, unknown>, problems: string[]): void {
  const { ssl = false, ssl_mode: sslMode, tunnel_method: tunnel } = raw
  if (ssl !== false)
    problems.push('ssl: TLS is not supported by this version; use false with a plain-text port')
  const mode = choiceIn(sslMode, 'mode', 'disable')
  if (mode !== 'disable')
    problems.push(`ssl_mode: ${mode} is TLS, which is not supported by this version; use {"mode": "disable"}`)
  const method = choiceIn(tunnel, 'tunnel_method', 'NO_TUNNEL')
  if (method !== 'NO_TUNNEL')
    problems.push(
      `tunnel_method: ${method} is not supported by this version; use {"tunnel_method": "NO_TUNNEL"}`,
    )
}

/** The discriminator of a classic choice, which is an object with one fixed property. */
function choiceIn(option: unknown, discriminator: string, absent: string): string {
  if (option === undefined) return absent
  const chosen = (option as Record<string, unknown>)[discriminator]
  return typeof chosen === 'string' ? chosen : 'a form without a name'
}

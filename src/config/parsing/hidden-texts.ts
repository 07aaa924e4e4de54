/** Collects the texts that no message may show: secrets, and values of environment variables. */
import type { HiddenText } from '../../shown-text.ts'
import type { Connection } from '../settings/config.ts'

/** Shorter values of variables, such as `redis` or `6379`, are words of sentences, too. */
const LEAST_CHARACTERS = 6

const SECRET = '***'

export function hiddenTexts(
  { password, deployment, tls, tunnel }: Connection,
  filled: ReadonlyMap<string, string>,
): HiddenText[] {
  const credential = tunnel?.credential
  const secrets = [
    password,
    'password' in deployment ? deployment.password : undefined,
    tls?.clientKey,
    tls?.clientKeyPassword,
    ...(credential === undefined ? [] : Object.values(credential)),
  ]
  const named = [...filled].filter(([, value]) => value.length >= LEAST_CHARACTERS)
  return [
    // The name of a variable says more than that its value is secret.
    ...named.map(([name, text]) => ({ text, shown: `{{ ${name} }}` })),
    ...secrets
      .filter((text): text is string => typeof text === 'string' && text !== '')
      .map((text) => ({ text, shown: SECRET })),
  ]
}

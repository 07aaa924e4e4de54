/** Names a key of the connector's own that holds another Redis type. Keys of records are never named: they may hold data. */
import { ConfigError, ConnectorError, problem } from '../../errors.ts'
import { shownName } from '../../shown-text.ts'
import { OWN_KEYS } from './internal-keys.ts'

/** Returns the error of a command with this key: one of ours where the key is the connector's own, else `error`. */
export function ownKeyError(error: unknown, key: string, prefixes: readonly string[]): unknown {
  const isOtherType = error instanceof ConnectorError && error.problem?.code === 'key-type-differs'
  if (!isOtherType || !prefixes.some((prefix) => key.startsWith(prefix + OWN_KEYS))) return error
  const name = shownName(key)
  return new ConfigError(
    problem(
      'own-key-other-type',
      `The key ${name} is one that the connector keeps for itself, and it holds another Redis type. Remove or rename it, or set ` +
        'another key_prefix.',
      { options: ['key_prefix'], params: { key: name } },
    ),
    { cause: error },
  )
}

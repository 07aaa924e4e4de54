/** What a node of a cluster answers when another one has the key, or will have it soon. */
import type { Address } from '../../config/settings/config.ts'
import { readAddress } from '../transport/address.ts'

/**
 * `moved`: the slot is another node's. `ask`: the slot is on its way to another node, and this key has arrived there.
 * `wait`: some of the keys have arrived, and some have not.
 */
export interface Redirection {
  readonly kind: 'moved' | 'ask' | 'wait'
  readonly slot: number | undefined
  /** Where the key is. */
  readonly address: Address | undefined
}

/** Of the text of an error reply; undefined where it is something else. `from`: who answered. */
export function readRedirection(text: string, from: Address): Redirection | undefined {
  if (text.startsWith('TRYAGAIN')) return { kind: 'wait', slot: undefined, address: undefined }
  const parts = /^(MOVED|ASK) (\d+) (\S*)$/.exec(text)
  if (parts === null) return undefined
  // A node that does not know its own name leaves it out: it is the one that was asked.
  const own = 'host' in from ? from.host : ''
  const address = readAddress(parts[3]!.replace(/^\??:(?=\d+$)/, `${own}:`))
  return { kind: parts[1] === 'ASK' ? 'ask' : 'moved', slot: Number(parts[2]), address }
}

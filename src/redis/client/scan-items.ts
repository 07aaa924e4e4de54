/** Reads all items of a key with HSCAN, SSCAN or ZSCAN, or all keys that match a pattern with SCAN. */
import type { CommandClient } from './command-client.ts'

type ScanningClient = Pick<CommandClient, 'ask' | 'routes'>

interface Scan {
  /** Called with some items at a time; an item may come twice. */
  readonly visit: (items: string[]) => Promise<void>
  /** Called when the scan begins, and whenever it begins anew. */
  readonly begin?: () => void
}

/** Calls `visit` with all items of a key. */
export function scanItems(
  client: ScanningClient,
  { command, key, count }: { command: 'HSCAN' | 'SSCAN' | 'ZSCAN'; key: string; count: number },
  visit: Scan['visit'],
): Promise<void> {
  return scan(client, (cursor) => client.ask(command, key, cursor, 'COUNT', count), { visit })
}

/** Calls `visit` with all keys that match a pattern. Not for clusters, whose nodes have keys of their own. */
export function scanKeys(
  client: ScanningClient,
  { glob, count }: { glob: string; count: number },
  calls: Scan,
): Promise<void> {
  return scan(client, (cursor) => client.ask('SCAN', cursor, 'MATCH', glob, 'COUNT', count), calls)
}

/**
 * Asks until the cursor is back at the start. A cursor is of use to the server alone that gave it: when commands go to
 * another one, after a failover or as the slot has moved, the scan begins anew.
 */
async function scan(
  client: ScanningClient,
  ask: (cursor: string) => Promise<unknown>,
  { visit, begin = () => {} }: Scan,
): Promise<void> {
  begin()
  let { routes } = client
  for (let cursor = '0'; ;) {
    const [next, items] = (await ask(cursor)) as [string, string[]]
    const isAnotherServer = client.routes !== routes
    routes = client.routes
    if (isAnotherServer) begin()
    else {
      await visit(items)
      if (next === '0') return
    }
    cursor = isAnotherServer ? '0' : next
  }
}

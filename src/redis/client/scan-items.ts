/** Reads all items of a key with HSCAN, SSCAN or ZSCAN. */
import type { CommandClient } from './command-client.ts'

/**
 * Calls `visit` with all items, some at a time; an item may come twice. A cursor is of use to the server alone that gave it:
 * when commands go to another one, after a failover or as the slot has moved, the scan begins anew.
 */
export async function scanItems(
  client: Pick<CommandClient, 'ask' | 'routes'>,
  { command, key, count }: { command: 'HSCAN' | 'SSCAN' | 'ZSCAN'; key: string; count: number },
  visit: (items: string[]) => Promise<void>,
): Promise<void> {
  let { routes } = client
  for (let cursor = '0'; ;) {
    const [next, items] = (await client.ask(command, key, cursor, 'COUNT', count)) as [string, string[]]
    const isAnotherServer = client.routes !== routes
    routes = client.routes
    if (!isAnotherServer) {
      await visit(items)
      if (next === '0') return
    }
    cursor = isAnotherServer ? '0' : next
  }
}

/** The part of a client that sends commands, for all that reads and writes streams and has no part in connecting. */
import type { RedisClient } from './redis-client.ts'

export type CommandClient = Pick<
  RedisClient,
  | 'ask'
  | 'send'
  | 'marker'
  | 'confirmed'
  | 'slotOf'
  | 'slotOwners'
  | 'isCluster'
  | 'capabilities'
  | 'routes'
  | 'unsentBytes'
>

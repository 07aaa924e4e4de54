/** The names of members that have a meaning in the Airbyte protocol. */
import { isName } from './json-string'

export const enum Name {
  Other = 0,
  Type,
  Record,
  State,
  Trace,
  Data,
  EmittedAt,
  Stream,
  Namespace,
  Meta,
  Changes,
  DestinationStats,
}

/** Returns the `Name` between two addresses, in front of and behind its quotes. */
export function meaningOf(at: usize, end: usize): i32 {
  if (isName(at, end, 'type')) return Name.Type
  if (isName(at, end, 'record')) return Name.Record
  if (isName(at, end, 'state')) return Name.State
  if (isName(at, end, 'trace')) return Name.Trace
  if (isName(at, end, 'data')) return Name.Data
  if (isName(at, end, 'emitted_at')) return Name.EmittedAt
  if (isName(at, end, 'stream')) return Name.Stream
  if (isName(at, end, 'namespace')) return Name.Namespace
  if (isName(at, end, 'meta')) return Name.Meta
  if (isName(at, end, 'changes')) return Name.Changes
  if (isName(at, end, 'destinationStats')) return Name.DestinationStats
  return Name.Other
}

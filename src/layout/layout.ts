/** A layout turns a record into Redis commands, as bytes. It is pure: no client, no clock, no waiting. */
import type { CommandBuffer } from '../redis/resp.ts'

/** A record as the batch holds it; ranges are offsets into `bytes`, ends exclusive. One view serves all records. */
export interface RecordView {
  bytes: Buffer
  /** `_airbyte_ab_id`, from 1. */
  id: number
  /** Epoch milliseconds as decimal text. */
  emittedAtStart: number
  emittedAtEnd: number
  /** The record's `data` as JSON without insignificant white space. */
  dataStart: number
  dataEnd: number
}

export interface Layout {
  /** Bytes that a record's commands have besides its emission time and its data, at most. */
  readonly overhead: number
  /** Puts the record's commands into `out`. */
  write(out: CommandBuffer, record: RecordView): void
}

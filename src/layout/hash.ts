/**
 * One hash a record, as the classic Airbyte Redis destination lays it out: `HMSET <base>:<id>` with
 * `_airbyte_ab_id`, `_airbyte_emitted_at` and `_airbyte_data`. Writing a record again changes nothing, as its id
 * names the key. To see one: `HGETALL public:users:1`.
 */
import { digitsOf, type CommandBuffer } from '../redis/resp.ts'
import type { Layout, RecordView } from './layout.ts'

/** Digits of the largest id that a JavaScript number holds exactly. */
const MAX_DIGITS = 16

/** The most that the pieces in between need: the id twice, two sizes, and line ends. */
const PIECES = 2 * MAX_DIGITS + 2 * 13 + 2

/** The parts of a command that stand the same in every record whose id has as many digits. */
interface Template {
  /** From the start of the command up to the id in the key. */
  head: Buffer
  /** From behind the id in the key up to the id's value. */
  middle: Buffer
}

const AFTER_ID = Buffer.from('\r\n$19\r\n_airbyte_emitted_at\r\n')
const AFTER_EMITTED_AT = Buffer.from('\r\n$13\r\n_airbyte_data\r\n')

export function hashLayout(baseKey: string): Layout {
  const templates = Array.from({ length: MAX_DIGITS + 1 }, (_, digits) => templateFor(baseKey, digits))
  const longest = templates[MAX_DIGITS]!
  return {
    overhead:
      longest.head.length + longest.middle.length + AFTER_ID.length + AFTER_EMITTED_AT.length + PIECES,
    write(out: CommandBuffer, record: RecordView): void {
      const { bytes, id, emittedAtStart, emittedAtEnd, dataStart, dataEnd } = record
      const { head, middle } = templates[digitsOf(id)]!
      out.reserve(this.overhead + emittedAtEnd - emittedAtStart + dataEnd - dataStart)
      out.put(head)
      out.putNumber(id)
      out.put(middle)
      out.putNumber(id)
      out.put(AFTER_ID)
      out.putSize(emittedAtEnd - emittedAtStart)
      out.put(bytes, emittedAtStart, emittedAtEnd)
      out.put(AFTER_EMITTED_AT)
      out.putSize(dataEnd - dataStart)
      out.put(bytes, dataStart, dataEnd)
      out.putLineEnd()
      out.commands++
    },
  }
}

function templateFor(baseKey: string, digits: number): Template {
  const prefix = Buffer.from(`${baseKey}:`)
  return {
    // HMSET, as HSET takes several fields only from Redis 4 on.
    head: Buffer.concat([Buffer.from(`*8\r\n$5\r\nHMSET\r\n$${prefix.length + digits}\r\n`), prefix]),
    middle: Buffer.from(`\r\n$14\r\n_airbyte_ab_id\r\n$${digits}\r\n`),
  }
}

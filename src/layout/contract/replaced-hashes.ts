/**
 * Hashes that are replaced as a whole, several in one transaction: a script removes the former ones, and a plain command for
 * each writes the new one. A script that wrote them, too, would cost the server twice as much, as all of their fields would
 * pass through it.
 */
import { areSame, ByteBuffer } from '../../redis/resp/byte-buffer.ts'
import { CommandBuffer } from '../../redis/resp/command-buffer.ts'
import type { CommandGroups } from '../encoding/command-groups.ts'

/** More save nothing. They are always sent together, so that no reader finds a hash missing. */
const MOST = { hashes: 64, bytes: 1 << 14 }

/** KEYS: hashes. One of another type stays, and refuses the command that follows. */
export const CLEAR_SCRIPT = `
for _, key in ipairs(KEYS) do
  local size = redis.pcall('HLEN', key)
  if type(size) == 'number' and size > 0 then redis.call('DEL', key) end
end
return 1
`

interface ReplacedHash {
  readonly group: number
  readonly args: number
  readonly keyStart: number
  readonly keyEnd: number
  readonly fieldsStart: number
  readonly fieldsEnd: number
}

export class ReplacedHashes {
  readonly #keys = new ByteBuffer(Buffer.allocUnsafeSlow(1 << 10))
  readonly #fields = new CommandBuffer(Buffer.allocUnsafeSlow(1 << 10))
  #hashes: ReplacedHash[] = []

  /** Adds a hash of `count` fields, which `addFields` adds as arguments. Returns its group. */
  add(
    out: CommandGroups,
    key: ByteBuffer,
    count: number,
    addFields: (fields: CommandBuffer) => void,
  ): number {
    const isFull = this.#hashes.length === MOST.hashes || this.#fields.length >= MOST.bytes
    // The second of two would find the fields of the first.
    if (isFull || this.#has(key)) this.flush(out)
    const [keyStart, fieldsStart] = [this.#keys.length, this.#fields.length]
    this.#keys.add(key.bytes, 0, key.length)
    addFields(this.#fields)
    const group = out.newGroup()
    const [keyEnd, fieldsEnd] = [this.#keys.length, this.#fields.length]
    this.#hashes.push({ group, args: 1 + 2 * count, keyStart, keyEnd, fieldsStart, fieldsEnd })
    return group
  }

  /** Adds the commands of the hashes that were added. */
  flush(out: CommandGroups): void {
    const hashes = this.#hashes
    if (hashes.length === 0) return
    const { bytes } = this.#keys
    out.begin('EVAL', 2 + hashes.length)
    out.leads(hashes.length)
    // As text: a server that lacks the script of an EVALSHA would say so only when it runs the other commands.
    out.textArgument(CLEAR_SCRIPT)
    out.textArgument(String(hashes.length))
    for (const [at, { keyStart, keyEnd }] of hashes.entries())
      if (at === 0) out.key(bytes, keyStart, keyEnd)
      else out.argument(bytes, keyStart, keyEnd)
    for (const { group, args, keyStart, keyEnd, fieldsStart, fieldsEnd } of hashes) {
      out.begin('HMSET', args)
      out.writes(group)
      out.key(bytes, keyStart, keyEnd)
      out.add(this.#fields.bytes, fieldsStart, fieldsEnd)
    }
    this.#keys.clear()
    this.#fields.clear()
    this.#hashes = []
  }

  #has({ bytes, length }: ByteBuffer): boolean {
    const keys = this.#keys.bytes
    // Most keys differ at their end.
    const last = bytes[length - 1]
    for (const { keyStart, keyEnd } of this.#hashes)
      if (
        keyEnd - keyStart === length &&
        keys[keyEnd - 1] === last &&
        areSame(keys, keyStart, bytes, 0, length)
      )
        return true
    return false
  }
}

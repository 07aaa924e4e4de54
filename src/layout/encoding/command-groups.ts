/** Commands, each with the group of records that it writes; most groups are a single record. */
import type { Capabilities } from '../../redis/commands/capabilities.ts'
import { CommandBuffer, type EncodedRange } from '../../redis/resp/command-buffer.ts'

export const NO_GROUP = -1

export class CommandGroups extends CommandBuffer {
  /** The features of the servers that the commands are for. */
  readonly capabilities: Capabilities
  /** Tells whether a transaction may write several keys, which it may not on a cluster. */
  readonly joinsKeys: boolean
  /** The group of each command; undefined as long as each command writes the group of its own number, as most do. */
  #groups: Int32Array | undefined
  /** The number of such commands. */
  #alike = 0
  #groupCount = 0
  /** Holds, by the number of a command, how many of those behind it must not be sent without it. */
  #led: Map<number, number> | undefined

  constructor(bytes: Buffer, capabilities: Capabilities, offsets?: Buffer, joinsKeys = true) {
    super(bytes, offsets)
    this.capabilities = capabilities
    this.joinsKeys = joinsKeys
  }

  /** The number of the next group. */
  get groups(): number {
    return this.#groupCount
  }

  /** Adds commands that were encoded elsewhere; each writes a new group. */
  override addEncoded(name: string, args: number, range: EncodedRange): void {
    const first = this.commands
    const group = this.#groupCount
    super.addEncoded(name, args, range)
    this.#groupCount += range.count
    if (this.#groups === undefined && group === first && first === this.#alike) this.#alike += range.count
    else for (let at = 0; at < range.count; at++) this.#groupsFor(first + at)[first + at] = group + at
  }

  /** Returns the number of a new group, for records that one command will write. */
  newGroup(): number {
    return this.#groupCount++
  }

  /** Records that the last command writes the records of `group`. */
  writes(group: number): void {
    const command = this.commands - 1
    if (this.#groups === undefined && group === command && command === this.#alike) this.#alike++
    else this.#groupsFor(command)[command] = group
  }

  /** Records that the last command, which writes no records, must be sent with the next `count` commands. */
  leads(count: number): void {
    this.#led ??= new Map()
    this.#led.set(this.commands - 1, count)
  }

  /** Returns the group that a command writes, `NO_GROUP` if it writes no records. */
  groupOf(command: number): number {
    if (this.#groups === undefined) return command < this.#alike ? command : NO_GROUP
    return this.#groups[command] ?? NO_GROUP
  }

  /** A command without records trims or expires what the command before it wrote, if it does not lead those behind it. */
  override isFollowUp(command: number): boolean {
    const led = this.#led
    if (led === undefined) return this.groupOf(command) === NO_GROUP
    if (led.has(command)) return false
    let leader = command - 1
    while (leader > 0 && !led.has(leader)) leader--
    return command - leader <= (led.get(leader) ?? 0) || this.groupOf(command) === NO_GROUP
  }

  #groupsFor(command: number): Int32Array {
    const groups = this.#groups
    if (groups !== undefined && command < groups.length) return groups
    const larger = new Int32Array(Math.max(1024, 2 * (command + 1))).fill(NO_GROUP)
    if (groups !== undefined) larger.set(groups)
    else for (let index = 0; index < this.#alike; index++) larger[index] = index
    this.#groups = larger
    return larger
  }
}

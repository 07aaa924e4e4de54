/** Commands, and which records each of them writes: those of one group, which is often a single record. */
import { CommandBuffer } from '../../redis/resp/command-buffer.ts'

export const NO_GROUP = -1

export class CommandGroups extends CommandBuffer {
  /** By command; none as long as each command writes the group of its own number, as most do. */
  #groups: Int32Array | undefined
  /** Commands that do so. */
  #alike = 0
  #given = 0

  /** A number for records that one command will write. */
  newGroup(): number {
    return this.#given++
  }

  /** The command put in last writes the records of `group`. */
  writes(group: number): void {
    const command = this.commands - 1
    if (this.#groups === undefined && group === command && command === this.#alike) this.#alike++
    else this.#room(command)[command] = group
  }

  /** The group that a command writes; `NO_GROUP` for one that writes no records. */
  groupOf(command: number): number {
    if (this.#groups === undefined) return command < this.#alike ? command : NO_GROUP
    return this.#groups[command] ?? NO_GROUP
  }

  #room(command: number): Int32Array {
    const groups = this.#groups
    if (groups !== undefined && command < groups.length) return groups
    const larger = new Int32Array(Math.max(1024, 2 * (command + 1))).fill(NO_GROUP)
    if (groups !== undefined) larger.set(groups)
    else for (let before = 0; before < this.#alike; before++) larger[before] = before
    this.#groups = larger
    return larger
  }
}

/** Commands that follow each other and go to the same node, where that was found out while they were encoded. */

/** Holds for each slot the number of the node that owns it. A slot that moves makes another table of them. */
export type SlotOwners = Uint16Array

/** Pieces of commands that were encoded elsewhere. For each, `table` has four numbers: its owner, how many commands, and two others. */
export interface EncodedPieces {
  readonly owners: SlotOwners
  readonly table: Int32Array
  readonly count: number
}

const TABLE_LENGTH = 4

/** A piece: its first command, the one behind its last, and its owner. */
interface CommandPiece {
  readonly first: number
  readonly end: number
  readonly owner: number
}

export class CommandPieces {
  #owners: SlotOwners | undefined
  readonly #pieces: CommandPiece[] = []

  /** Adds the pieces of the commands from `first` on, behind those that are there. Pieces of former owners are of no use. */
  add(first: number, { owners, table, count }: EncodedPieces): void {
    if (owners !== this.#owners) this.#pieces.length = 0
    this.#owners = owners
    let command = first
    for (let at = 0; at < count * TABLE_LENGTH; at += TABLE_LENGTH) {
      const end = command + table[at + 1]!
      this.#pieces.push({ first: command, end, owner: table[at]! })
      command = end
    }
  }

  clear(): void {
    this.#pieces.length = 0
  }

  /** Calls `take` for the commands from `first` up to `end`: with each piece of them, and with each command that is in none. */
  each(
    first: number,
    end: number,
    owners: SlotOwners,
    take: (command: number, count: number, owner: number | undefined) => void,
  ): void {
    const pieces = owners === this.#owners ? this.#pieces : []
    let command = first
    for (const piece of pieces) {
      if (piece.end <= first) continue
      if (piece.first >= end) break
      for (; command < piece.first; command++) take(command, 1, undefined)
      const behind = Math.min(end, piece.end)
      take(command, behind - command, piece.owner)
      command = behind
    }
    for (; command < end; command++) take(command, 1, undefined)
  }
}

/**
 * Sorts encoded commands by the nodes that own their slots, so that those of a node follow each other, in their order.
 */
import { fillCrcs, slotOf } from './slot-crc'

/** Holds the number of the owner of each slot. */
const owners = memory.data(32768)
let hasOwners: bool = false

/** The addresses at which a command begins, and its key begins and ends: `commands` in encode-rows.ts is a table of them. */
@unmanaged
export class Command {
  start: usize
  keyStart: usize
  keyEnd: usize
}

export const COMMAND_SIZE: usize = offsetof<Command>()

/** Commands that go to the same node and follow each other. */
@unmanaged
class Piece {
  owner: u32
  commands: u32
  /** The offset of its next command, and its number. */
  at: usize
  number: u32
}

const PIECE_SIZE: usize = offsetof<Piece>()
const pieces = memory.data(4096)
export let pieceCount: u32 = 0

/** The number that each command has got, in the order in which they were encoded. */
const numbers = memory.data(1024)

const sorted = memory.data(135168 + 128)
const sortedCommands = memory.data(3072)

export function ownersStart(): usize {
  return owners
}

export function piecesStart(): usize {
  return pieces
}

export function numbersStart(): usize {
  return numbers
}

/** Takes the owners that have been written, or none: then commands stay where they are. */
export function useOwners(has: bool): void {
  hasOwners = has
  if (has) fillCrcs()
}

/** Sorts the commands up to `end`, and returns the address at which they begin then. */
export function sortByOwner(commands: usize, count: u32, end: usize): usize {
  const start = commandAt(commands, 0).start
  pieceCount = 0
  if (!hasOwners) return start
  for (let index: u32 = 0; index < count; index++) {
    const command = commandAt(commands, index)
    const piece = pieceOf(load<u16>(owners + (slotOf(command.keyStart, command.keyEnd) << 1)))
    piece.commands++
    piece.at += endOf(commands, index, count, end) - command.start
    // Until the pieces are complete, the number of the piece stands for that of the command.
    store<u32>(numbers + (index << 2), <u32>((changetype<usize>(piece) - pieces) / PIECE_SIZE))
  }
  if (pieceCount < 2) return start
  arrange()
  for (let index: u32 = 0; index < count; index++) {
    const piece = pieceAt(load<u32>(numbers + (index << 2)))
    move(commandAt(commands, index), piece, endOf(commands, index, count, end))
    store<u32>(numbers + (index << 2), piece.number++)
  }
  memory.copy(commands, sortedCommands, <usize>count * COMMAND_SIZE)
  return sorted
}

function commandAt(commands: usize, index: u32): Command {
  return changetype<Command>(commands + <usize>index * COMMAND_SIZE)
}

function endOf(commands: usize, index: u32, count: u32, end: usize): usize {
  return index + 1 < count ? commandAt(commands, index + 1).start : end
}

function pieceAt(index: u32): Piece {
  return changetype<Piece>(pieces + <usize>index * PIECE_SIZE)
}

function pieceOf(owner: u32): Piece {
  for (let index: u32 = 0; index < pieceCount; index++)
    if (pieceAt(index).owner == owner) return pieceAt(index)
  const piece = pieceAt(pieceCount++)
  piece.owner = owner
  piece.commands = 0
  piece.at = 0
  return piece
}

/** Turns the size of each piece into the address at which it begins. */
function arrange(): void {
  let at = sorted
  let number: u32 = 0
  for (let index: u32 = 0; index < pieceCount; index++) {
    const piece = pieceAt(index)
    const size = piece.at
    piece.at = at
    piece.number = number
    at += size
    number += piece.commands
  }
}

function move(command: Command, piece: Piece, end: usize): void {
  const to = commandAt(sortedCommands, piece.number)
  const size = end - command.start
  memory.copy(piece.at, command.start, size)
  to.start = piece.at
  to.keyStart = piece.at + (command.keyStart - command.start)
  to.keyEnd = piece.at + (command.keyEnd - command.start)
  piece.at += size
}

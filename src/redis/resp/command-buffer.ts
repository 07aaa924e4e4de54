/** Commands as RESP bytes, the form every Redis version reads. */
import { areSame, ByteBuffer, digitsOf } from './byte-buffer.ts'
import type { CommandHead, CommandRun } from './command-run.ts'
import { CommandPieces, type EncodedPieces } from './command-pieces.ts'
import { slotIn } from './key-slot.ts'

const CR = 0x0d
const LF = 0x0a

const ZERO = 0x30
const LINE_END = 2

const LAST_ASCII = 0x7f

/** Of an argument's header and end, at most. */
const AROUND_ARGUMENT = 32

/** Of a whole number that a double holds exactly. */
const MOST_DIGITS = 16

/** Offsets kept for each command: where it starts, where its key starts, and where that ends. */
const OFFSETS = 3

/** Of the offsets of one command. */
export const BYTES_PER_COMMAND = OFFSETS * Int32Array.BYTES_PER_ELEMENT

const FIRST_COMMANDS = 16

interface EncodedHead extends CommandHead {
  readonly bytes: Buffer
}

/** The head of the commands from the one with the number `first` on. */
interface HeadFrom {
  readonly head: EncodedHead
  readonly first: number
}

/** Commands in memory of others: `offsets` has for each where it begins, and where its key begins and ends. */
export interface EncodedRange {
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
  readonly offsets: Int32Array
  readonly count: number
  /** Says which of them go to the same node and follow each other; undefined where that is not known. */
  readonly pieces?: EncodedPieces | undefined
}

/** Commands that go out together, and where in the bytes each of them and its key are. */
export class CommandBuffer extends ByteBuffer {
  /** How many commands there are, each of which the server answers once. */
  commands = 0
  readonly pieces = new CommandPieces()
  #offsets: Int32Array
  /** In the order of the commands: most have the same head as the one before. */
  #runs: HeadFrom[] = []

  /** `bytes`: the memory to begin with. `offsets`: memory for where the commands are; more is allocated if they need it. */
  constructor(bytes: Buffer, offsets: Buffer = Buffer.alloc(0)) {
    super(bytes)
    const { buffer, byteOffset, length } = offsets
    this.#offsets = new Int32Array(buffer, byteOffset, Math.floor(length / BYTES_PER_COMMAND) * OFFSETS)
  }

  /** Returns the offset of a command. */
  startOf(command: number): number {
    return this.#offsets[command * OFFSETS]!
  }

  /** Returns the offset behind a command. */
  endOf(command: number): number {
    return command + 1 < this.commands ? this.startOf(command + 1) : this.length
  }

  /** Returns the name of a command and how many arguments it has. */
  headOf(command: number): CommandHead {
    return this.#runs[this.#runAt(command)]!.head
  }

  /** Returns the commands from `first` up to `end`, in runs of the same head. */
  runsOf(first: number, end: number): CommandRun[] {
    const from = first < end ? this.#runAt(first) : 0
    const runs: CommandRun[] = []
    for (let at = from, command = first; command < end; at++) {
      const behind = Math.min(end, this.#runs[at + 1]?.first ?? end)
      runs.push({ head: this.#runs[at]!.head, count: behind - command })
      command = behind
    }
    return runs
  }

  /** Returns the key of a command; undefined where it has none. */
  keyOf(command: number): string | undefined {
    const at = command * OFFSETS
    return this.hasKey(command)
      ? this.bytes.toString('utf8', this.#offsets[at + 1], this.#offsets[at + 2])
      : undefined
  }

  hasKey(command: number): boolean {
    return this.#offsets[command * OFFSETS + 1] !== 0
  }

  haveSameKey(command: number, other: number): boolean {
    const offsets = this.#offsets
    const start = offsets[command * OFFSETS + 1]!
    const otherStart = offsets[other * OFFSETS + 1]!
    const size = offsets[command * OFFSETS + 2]! - start
    if (offsets[other * OFFSETS + 2]! - otherStart !== size) return false
    return areSame(this.bytes, start, this.bytes, otherStart, size)
  }

  /** Returns the bytes of a command's key, which are those of the buffer; none where it has no key. */
  keyBytesOf(command: number): Buffer {
    const at = command * OFFSETS
    return this.bytes.subarray(this.#offsets[at + 1], this.#offsets[at + 2])
  }

  /** Returns whether a command belongs to the one before it, so that it must not be sent apart from that. */
  isFollowUp(_command: number): boolean {
    return false
  }

  /** Returns the slot of a command's key; of a command without a key, that of the empty key. */
  slotOf(command: number): number {
    const at = command * OFFSETS
    return slotIn(this.bytes, this.#offsets[at + 1]!, this.#offsets[at + 2]!)
  }

  /** Returns the size of the longest argument of a command. */
  longestArgument(command: number): number {
    const end = this.endOf(command)
    let longest = 0
    // The header of the command ends with the first line; each argument begins with a line of its own.
    for (let at = this.bytes.indexOf(LF, this.startOf(command)) + 1; at < end;) {
      const size = sizeAt(this.bytes, at)
      longest = Math.max(longest, size)
      at = this.bytes.indexOf(LF, at) + 1 + size + LINE_END
    }
    return longest
  }

  /** Makes room for an argument of `size` bytes, and puts in its header; the bytes and the line end are still to be put in. */
  beginArgument(size: number): void {
    this.reserve(size + AROUND_ARGUMENT)
    this.putSize(size)
  }

  /** Puts in the header of an argument of `size` bytes. */
  putSize(size: number): void {
    this.bytes[this.length++] = 0x24
    this.putNumber(size)
    this.putLineEnd()
  }

  putLineEnd(): void {
    this.bytes[this.length++] = CR
    this.bytes[this.length++] = LF
  }

  /** Begins a command of so many arguments, its name not counted, which are still to be added. */
  begin(name: string, args: number): void {
    const at = this.commands * OFFSETS
    if (at === this.#offsets.length) this.#growOffsets()
    this.#offsets[at] = this.length
    this.#offsets[at + 1] = this.#offsets[at + 2] = 0
    const head = headOf(name, args)
    if (head !== this.#runs.at(-1)?.head) this.#runs.push({ head, first: this.commands })
    this.add(head.bytes)
    this.commands++
  }

  /** Adds commands that were encoded elsewhere, all with the same name and as many arguments. */
  addEncoded(name: string, args: number, { bytes, start, end, offsets, count, pieces }: EncodedRange): void {
    const head = headOf(name, args)
    if (head !== this.#runs.at(-1)?.head) this.#runs.push({ head, first: this.commands })
    const moved = this.length - start
    const from = this.commands * OFFSETS
    while (from + count * OFFSETS > this.#offsets.length) this.#growOffsets()
    for (let at = 0; at < count * OFFSETS; at++) this.#offsets[from + at] = offsets[at]! + moved
    if (pieces !== undefined) this.pieces.add(this.commands, pieces)
    this.add(bytes, start, end)
    this.commands += count
  }

  override clear(): void {
    super.clear()
    this.commands = 0
    this.#runs = []
    this.pieces.clear()
  }

  /** Adds the argument that is the command's key. */
  key(source: Buffer, start = 0, end = source.length): void {
    this.argument(source, start, end)
    this.#recordKey(end - start)
  }

  /** Adds a string as the command's key. */
  keyText(text: string): void {
    const start = this.length
    this.textArgument(text)
    this.#recordKey(sizeAt(this.bytes, start))
  }

  /** Adds an argument. */
  argument(source: Buffer, start = 0, end = source.length): void {
    this.beginArgument(end - start)
    this.put(source, start, end)
    this.putLineEnd()
  }

  /** Adds a whole number from 0 on as an argument. */
  numberArgument(value: number): void {
    this.reserve(MOST_DIGITS + AROUND_ARGUMENT)
    this.putSize(digitsOf(value))
    this.putNumber(value)
    this.putLineEnd()
  }

  /** Adds a string as an argument. */
  textArgument(text: string): void {
    const { length } = text
    this.reserve(length + AROUND_ARGUMENT)
    const start = this.length
    this.putSize(length)
    const { bytes } = this
    let at = this.length
    for (let index = 0; index < length; index++) {
      const code = text.charCodeAt(index)
      if (code > LAST_ASCII) {
        this.length = start
        return this.argument(Buffer.from(text))
      }
      bytes[at++] = code
    }
    this.length = at
    this.putLineEnd()
  }

  /** Adds a whole command that holds no record data. Its first argument, if it has one, is its key. */
  command(name: string, ...args: readonly string[]): void {
    this.begin(name, args.length)
    for (let at = 0; at < args.length; at++)
      if (at === 0) this.keyText(args[at]!)
      else this.textArgument(args[at]!)
  }

  /** Records that the argument added last, of `size` bytes, is the key of the command added last. */
  #recordKey(size: number): void {
    const at = (this.commands - 1) * OFFSETS
    const end = this.length - LINE_END
    this.#offsets[at + 1] = end - size
    this.#offsets[at + 2] = end
  }

  /** Returns the position of the last run that begins at the command or before it. */
  #runAt(command: number): number {
    let [low, high] = [0, this.#runs.length - 1]
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if (this.#runs[middle]!.first <= command) low = middle
      else high = middle - 1
    }
    return low
  }

  #growOffsets(): void {
    const larger = new Int32Array(Math.max(FIRST_COMMANDS * OFFSETS, this.#offsets.length * 2))
    larger.set(this.#offsets)
    this.#offsets = larger
  }
}

/** Returns the size in the header of the argument at `start`. */
function sizeAt(bytes: Buffer, start: number): number {
  let size = 0
  for (let at = start + 1; bytes[at] !== CR; at++) size = size * 10 + bytes[at]! - ZERO
  return size
}

/** By name and number of arguments: there are few, and making one takes longer than all the rest of a short command. */
const heads = new Map<string, EncodedHead[]>()

/** Beyond this, heads are not kept. */
const MOST_ARGS = 256

function headOf(name: string, args: number): EncodedHead {
  let known = heads.get(name)
  if (known === undefined) heads.set(name, (known = []))
  const head = known[args]
  if (head !== undefined) return head
  const made = { name, args, bytes: Buffer.from(`*${args + 1}\r\n$${name.length}\r\n${name}\r\n`) }
  if (args < MOST_ARGS) known[args] = made
  return made
}

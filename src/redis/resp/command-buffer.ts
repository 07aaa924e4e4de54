/** Commands as RESP bytes, the form every Redis version reads. */
import { ByteBuffer } from './byte-buffer.ts'

const CR = 0x0d
const LF = 0x0a

const LAST_ASCII = 0x7f

/** Of an argument's header and end, at most. */
const AROUND_ARGUMENT = 32

/** Commands that go out together; grows as they are put in. */
export class CommandBuffer extends ByteBuffer {
  /** Commands put in, each of which the server answers once. */
  commands = 0

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
    this.add(headOf(name, args))
    this.commands++
  }

  /** Adds an argument. */
  argument(source: Buffer, start = 0, end = source.length): void {
    this.reserve(end - start + AROUND_ARGUMENT)
    this.putSize(end - start)
    this.put(source, start, end)
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

  /** Adds a whole command that holds no record data. */
  command(name: string, ...args: readonly string[]): void {
    this.begin(name, args.length)
    for (const arg of args) this.textArgument(arg)
  }
}

/** By name and number of arguments: there are few, and making one takes longer than all the rest of a short command. */
const heads = new Map<string, Buffer[]>()

/** Beyond this, heads are not kept. */
const MOST_ARGS = 256

function headOf(name: string, args: number): Buffer {
  let known = heads.get(name)
  if (known === undefined) heads.set(name, (known = []))
  const head = known[args]
  if (head !== undefined) return head
  const made = Buffer.from(`*${args + 1}\r\n$${name.length}\r\n${name}\r\n`)
  if (args < MOST_ARGS) known[args] = made
  return made
}

/** The key of one command, given how many stand before it, as text. */
export function keyOfCommand(bytes: Buffer, index: number): string {
  let at = 0
  for (let passed = 0; passed < index; passed++) at = behindCommand(bytes, at)
  return keyAt(bytes, at) ?? ''
}

/** The keys of all commands that have one. */
export function keysOfCommands(bytes: Buffer): string[] {
  const keys: string[] = []
  for (let at = 0; at < bytes.length; at = behindCommand(bytes, at)) {
    const key = keyAt(bytes, at)
    if (key !== undefined) keys.push(key)
  }
  return keys
}

/** A command's first argument; or, of a script, what follows its hash and the number of its keys. */
function keyAt(bytes: Buffer, command: number): string | undefined {
  const args = readSize(bytes, command) - 1
  const name = behindLine(bytes, command)
  const isScript = argumentAt(bytes, name) === 'EVALSHA'
  if (args === 0) return undefined
  let at = behindArgument(bytes, name)
  if (isScript) at = behindArgument(bytes, behindArgument(bytes, at))
  return argumentAt(bytes, at)
}

function argumentAt(bytes: Buffer, at: number): string {
  const start = behindLine(bytes, at)
  return bytes.toString('utf8', start, start + readSize(bytes, at))
}

function behindCommand(bytes: Buffer, command: number): number {
  let at = behindLine(bytes, command)
  for (let args = readSize(bytes, command); args > 0; args--) at = behindArgument(bytes, at)
  return at
}

function behindArgument(bytes: Buffer, at: number): number {
  return behindLine(bytes, at) + readSize(bytes, at) + 2
}

function behindLine(bytes: Buffer, at: number): number {
  return bytes.indexOf(LF, at) + 1
}

function readSize(bytes: Buffer, at: number): number {
  return Number.parseInt(bytes.toString('latin1', at + 1, at + 16), 10)
}

/**
 * Encodes transactions that run only if the one before them was run. Two scripts stand around the commands. The first
 * compares the number under the sequence key; where it is not that of the transaction before, it renames the keys that
 * the commands write, so that these write to new ones. The second then puts everything back. Clients see neither, as
 * all of it is one EXEC; and a server that refuses any of it refuses the EXEC.
 */
import { CommandBuffer } from '../resp/command-buffer.ts'
import type { CommandRun } from '../resp/command-run.ts'
import type { EncodedCommands } from '../resp/encoded-commands.ts'
import type { PipelineWrite } from '../session/write-pipeline.ts'
import { BROKEN, type Sequence } from './sequence-numbers.ts'

/**
 * KEYS: the sequence key. ARGV: the number before, the keys that are written (MessagePack), the start of the names they
 * get. Returns 1, or 0 where the number is another one. Sent by EVAL, as a server that lacks a script of EVALSHA only
 * says so while it runs the EXEC; kept short, as the server hashes the text each time.
 */
export const GUARD_SCRIPT = `local c,k,h=redis.pcall,KEYS[1],ARGV[3]
if(c('GET',k)or'0')==ARGV[1]then return 1 end
local t=cmsgpack.unpack(ARGV[2])
for i,n in ipairs(t)do
local r=c('RENAME',n,h..i)
if r.err and not r.err:find'no such key'then
for j=1,i-1 do c('RENAME',h..j,t[j])end
c('SET',k,'${BROKEN}')
return r
end
end
return 0`

/** KEYS and ARGV as above. Returns the new number, or 0 where the commands had no effect. */
export const CLOSE_SCRIPT = `local c,k=redis.call,KEYS[1]
local v=c('GET',k)or'0'
if v==ARGV[1]then return c('INCRBY',k,1)end
if v=='${BROKEN}'then return -1 end
for i,n in ipairs(cmsgpack.unpack(ARGV[2]))do
if redis.pcall('RENAME',ARGV[3]..i,n).err then c('DEL',n)end
end
return 0`

/** The arguments of EVAL that are the same each time: a script, and how many keys it has. */
export const GUARD = scriptArguments(GUARD_SCRIPT)
export const CLOSE = scriptArguments(CLOSE_SCRIPT)

/** Fewer bytes are copied together, which costs less than three writes. */
const SMALL = 1 << 14

const MULTI = Buffer.from('*1\r\n$5\r\nMULTI\r\n')
const EXEC = Buffer.from('*1\r\n$4\r\nEXEC\r\n')
const MULTI_RUN: CommandRun = { head: { name: 'MULTI', args: 0 }, count: 1 }
const EXEC_RUN: CommandRun = { head: { name: 'EXEC', args: 0 }, count: 1 }

/** Encodes a transaction that may run again. */
export function encodeTransaction(commands: EncodedCommands): PipelineWrite {
  const chunks = [MULTI, commands.bytes(), EXEC]
  return { kind: 'transaction', commands: commands.count, chunks, runs: inTransaction(commands.runs()) }
}

/** Encodes a transaction that is sent when the one before it is known to have run: INCRBY returns its number. */
export function encodeNumbered(parts: readonly EncodedCommands[], { key }: Sequence): PipelineWrite {
  const trailer = new CommandBuffer(Buffer.allocUnsafe(160))
  trailer.command('INCRBY', key, '1')
  trailer.add(EXEC)
  const header = new CommandBuffer(Buffer.allocUnsafe(MULTI.length))
  header.add(MULTI)
  return wrapped(parts, header, trailer)
}

/** Encodes a transaction that runs only if the server holds `predecessor`. */
export function encodeGuarded(
  parts: readonly EncodedCommands[],
  sequence: Sequence,
  predecessor: number,
  heldKey: string,
): PipelineWrite {
  const keys = packed(parts.flatMap((part) => part.keyBytes()))
  const header = new CommandBuffer(Buffer.allocUnsafe(1_024 + keys.length))
  header.add(MULTI)
  addScript(header, GUARD, sequence.key, predecessor, keys, heldKey)
  const trailer = new CommandBuffer(Buffer.allocUnsafe(1_024 + keys.length))
  addScript(trailer, CLOSE, sequence.key, predecessor, keys, heldKey)
  trailer.add(EXEC)
  return wrapped(parts, header, trailer)
}

/** Encodes keys as a MessagePack array of strings; each key is there once. */
export function packed(keys: readonly Buffer[]): Buffer {
  const distinct =
    keys.length < 2 ? keys : [...new Map(keys.map((key) => [key.toString('latin1'), key])).values()]
  const size = distinct.reduce((sum, key) => sum + key.length + 5, 5)
  const bytes = Buffer.allocUnsafe(size)
  let at = bytes.writeUInt8(0xdd, 0)
  at = bytes.writeUInt32BE(distinct.length, at)
  for (const key of distinct) {
    at = bytes.writeUInt8(0xdb, at)
    at = bytes.writeUInt32BE(key.length, at)
    at += key.copy(bytes, at)
  }
  return bytes
}

/** Adds `GUARD` or `CLOSE` to the commands. */
export function addScript(
  out: CommandBuffer,
  script: Buffer,
  key: string,
  predecessor: number,
  keys: Buffer,
  heldKey: string,
): void {
  out.begin('EVAL', 6)
  out.add(script)
  out.keyText(key)
  out.textArgument(String(predecessor))
  out.argument(keys)
  out.textArgument(heldKey)
}

function scriptArguments(text: string): Buffer {
  return Buffer.from(`$${text.length}\r\n${text}\r\n$1\r\n1\r\n`)
}

/** `header` begins with MULTI, and `trailer` ends with EXEC; neither counts as a command. */
function wrapped(
  parts: readonly EncodedCommands[],
  header: CommandBuffer,
  trailer: CommandBuffer,
): PipelineWrite {
  const commands = parts.reduce((sum, { count }) => sum + count, header.commands + trailer.commands)
  const chunks = [contentOf(header), ...parts.map((part) => part.bytes()), contentOf(trailer)]
  const size = chunks.reduce((sum, { length }) => sum + length, 0)
  const runs = inTransaction([
    ...header.runsOf(0, header.commands),
    ...parts.flatMap((part) => part.runs()),
    ...trailer.runsOf(0, trailer.commands),
  ])
  return {
    kind: 'transaction',
    commands,
    chunks: size < SMALL ? [Buffer.concat(chunks, size)] : chunks,
    runs,
  }
}

function inTransaction(runs: readonly CommandRun[]): CommandRun[] {
  return [MULTI_RUN, ...runs, EXEC_RUN]
}

function contentOf(out: CommandBuffer): Buffer {
  return out.bytes.subarray(0, out.length)
}

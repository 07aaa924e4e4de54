// Writes the input files: messages for the connector, and the same records as commands for redis-cli.
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { Missing } from '../left-out.ts'
import type { Layout, Sample } from './layouts.ts'
import { recordBodies } from './records.ts'

export type InputPlan = {
  layout: Layout
  /** Approximate size of a record's `data`. */
  dataBytes: number
  records: number
  /** Returns the pool of bodies; by default records with columns of all kinds. */
  bodies?: (dataBytes: number) => Buffer[]
  /** Number of streams; the records alternate between them. */
  streams?: number
  namespace?: string
  /** Number of primary keys, used in turn; by default each record has its own. */
  rows?: number
  /** The value of the column `updated_at`, as JSON; by default there is none. */
  cursor?: ((index: number) => string) | undefined
  /** Whether each record is a CDC delete. */
  isDeleted?: boolean
  /** Whether the file with commands for redis-cli is written, too. */
  hasCommands?: boolean
}

export type Input = Required<InputPlan> & {
  messages: string
  commands: string
  messageBytes: number
  /** Number of state messages; the last one is the last line. */
  states: number
  /** Some records, each the last of its row, that are compared with Redis afterwards. */
  samples: (Sample & { data: Buffer })[]
} & Disposable

const recordsPerState = 10_000

/** What a record takes in Redis beside its data, in the largest structure. */
const keyBytes = 450

const firstEmittedAt = 1_700_000_000_000

let written = 0

export function writeInput(directory: string, plan: InputPlan): Input {
  const full = {
    bodies: recordBodies,
    streams: 1,
    namespace: 'public',
    rows: plan.records,
    cursor: undefined,
    isDeleted: false,
    hasCommands: false,
    ...plan,
  }
  requireMemory(full)
  const name = join(directory, `input-${++written}`)
  const messages = new BytesFile(`${name}.jsonl`)
  const commands = full.hasCommands ? new BytesFile(`${name}.resp`) : undefined
  const remove = () => {
    rmSync(messages.path)
    if (commands) rmSync(commands.path)
  }
  try {
    const { states, samples } = writeRecords(full, messages, commands)
    messages.close()
    commands?.close()
    return {
      ...full,
      messages: messages.path,
      commands: commands?.path ?? '',
      messageBytes: messages.size,
      states,
      samples,
      [Symbol.dispose]: remove,
    }
  } catch (error) {
    // A full disk would end the following suites as well.
    remove()
    throw error
  }
}

/** A machine that begins to swap measures its disk. */
function requireMemory({ records, dataBytes }: Required<InputPlan>): void {
  const needed = records * (dataBytes + keyBytes)
  const available = process.availableMemory()
  if (needed > available)
    throw new Missing(
      `Redis needs ${gigabytes(needed)} GB for it, and ${gigabytes(available)} GB are available.`,
    )
}

function gigabytes(bytes: number): string {
  return (bytes / 1e9).toFixed(1)
}

/** Returns the stream of record `index`. */
export function streamName(index: number): string {
  return index === 0 ? 'users' : `users_${index}`
}

function writeRecords(plan: Required<InputPlan>, messages: BytesFile, commands: BytesFile | undefined) {
  const { layout, records, streams, namespace, rows, cursor, isDeleted } = plan
  const bodies = plan.bodies(plan.dataBytes)
  const baseKeys = Array.from({ length: streams }, (_, index) => `${namespace}:${streamName(index)}`)
  const heads = Array.from(
    { length: streams },
    (_, index) =>
      `{"type":"RECORD","record":{"namespace":"${namespace}","stream":"${streamName(index)}","data":`,
  )
  const samples: Input['samples'] = []
  const sampled = [records - rows, records - Math.ceil(rows / 2), records - 1]
  let states = 0
  for (let index = 0; index < records; index++) {
    const stream = index % streams
    const baseKey = baseKeys[stream]!
    const id = Math.floor(index / streams) + 1
    const row = (index % rows) + 1
    let start = `{"id":${row},`
    if (cursor) start += `"updated_at":${cursor(index)},`
    if (isDeleted) start += '"_ab_cdc_deleted_at":"2024-01-01T00:00:00Z",'
    const body = bodies[index % bodies.length]!
    const emittedAt = firstEmittedAt + index

    messages.text(heads[stream]! + start)
    messages.bytes(body)
    messages.text(`,"emitted_at":${emittedAt}}}\n`)
    if ((index + 1) % recordsPerState === 0 || index === records - 1) {
      messages.text(state(namespace, streamName(stream), index + 1))
      states++
    }
    if (commands) {
      const [before, behind] = layout.commands!.record(baseKey, id, emittedAt, start.length + body.length)
      commands.text(before + start)
      commands.bytes(body)
      commands.text(behind)
    }
    if (sampled.includes(index))
      samples.push({ baseKey, id, row, data: Buffer.concat([Buffer.from(start), body]) })
  }
  for (const [index, baseKey] of baseKeys.entries())
    commands?.text(layout.commands!.beside(baseKey, Math.ceil((records - index) / streams)))
  return { states, samples }
}

function state(namespace: string, stream: string, cursor: number): string {
  const descriptor = `"stream_descriptor":{"name":"${stream}","namespace":"${namespace}"}`
  return `{"type":"STATE","state":{"type":"STREAM","stream":{${descriptor},"stream_state":{"cursor":${cursor}}}}}\n`
}

/** Writes a file in large pieces; line by line would take longer than the measured load. */
class BytesFile {
  readonly path: string
  size = 0
  readonly #file: number
  readonly #buffer = Buffer.allocUnsafe(8 << 20)
  #end = 0

  constructor(path: string) {
    this.path = path
    this.#file = openSync(path, 'w')
  }

  /** ASCII only. */
  text(text: string): void {
    if (this.#end + text.length > this.#buffer.length) this.#empty()
    this.#end += this.#buffer.write(text, this.#end, 'latin1')
  }

  bytes(bytes: Buffer): void {
    if (this.#end + bytes.length > this.#buffer.length) this.#empty()
    this.#end += bytes.copy(this.#buffer, this.#end)
  }

  close(): void {
    this.#empty()
    // Otherwise the system writes it to the disk during a measurement.
    fdatasyncSync(this.#file)
    closeSync(this.#file)
  }

  #empty(): void {
    for (let from = 0; from < this.#end;) from += writeSync(this.#file, this.#buffer, from, this.#end - from)
    this.size += this.#end
    this.#end = 0
  }
}

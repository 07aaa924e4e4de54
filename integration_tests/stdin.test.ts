import { spawn } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readStdin } from '../src/protocol/input/stdin.ts'

const text = Array.from({ length: 200_000 }, (_, index) => `line ${index}\n`).join('')

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'chunks-'))
  writeFileSync(join(folder, 'text'), text)
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('the chunks of a descriptor', () => {
  it('are all of a file', async () => {
    expect(await readAll(openSync(join(folder, 'text'), 'r'))).toBe(text)
  })

  it('are all of a file that is read into memory which the reader offers, as long as there is some', async () => {
    const memory = Buffer.alloc(1 << 20)
    let used = 0
    let inPlace = 0
    const chunks: Buffer[] = []
    const room = (size: number): Buffer | undefined =>
      used + size > memory.length ? undefined : memory.subarray(used, used + size)
    const descriptor = openSync(join(folder, 'text'), 'r')
    for await (const chunk of readStdin(descriptor, new AbortController().signal, room)) {
      chunks.push(Buffer.from(chunk))
      if (chunk.buffer !== memory.buffer) continue
      used += chunk.length
      inPlace++
    }
    closeSync(descriptor)
    expect(Buffer.concat(chunks).toString()).toBe(text)
    expect([inPlace > 1, inPlace < chunks.length]).toEqual([true, true])
  })

  it('are all of a named pipe, however it is written', async () => {
    const pipe = join(folder, 'pipe')
    await run('mkfifo', pipe)
    const writing = run('sh', '-c', `cat ${join(folder, 'text')} > ${pipe}`)
    expect(await readAll(openSync(pipe, 'r'))).toBe(text)
    await writing
  })

  it('are none where there is nothing to read', async () => {
    expect(await readAll(openSync('/dev/null', 'r'))).toBe('')
  })

  it('end early, without an error, once the signal is given', async () => {
    const stop = new AbortController()
    const descriptor = openSync(join(folder, 'text'), 'r')
    let chunks = 0
    for await (const _ of readStdin(descriptor, stop.signal)) if (++chunks === 2) stop.abort()
    closeSync(descriptor)
    expect(chunks).toBe(2)
  })

  it('of a pipe that nobody writes to end once the signal is given', async () => {
    const pipe = join(folder, 'silent')
    await run('mkfifo', pipe)
    const stop = new AbortController()
    const chunks = readStdin(openSync(pipe, 'r+'), stop.signal)[Symbol.asyncIterator]()
    const next = chunks.next()
    stop.abort()
    expect(await next).toEqual({ done: true, value: undefined })
  })
})

async function readAll(descriptor: number): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of readStdin(descriptor, new AbortController().signal))
    chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString()
}

async function run(command: string, ...args: string[]): Promise<void> {
  const child = spawn(command, args, { stdio: 'inherit' })
  await new Promise((resolve) => child.once('exit', resolve))
}

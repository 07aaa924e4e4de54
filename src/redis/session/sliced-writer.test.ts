import type { Socket } from 'node:net'
import { Writable } from 'node:stream'
import { expect, it } from 'vitest'
import { SlicedWriter } from './sliced-writer.ts'

const LARGE = 1_000_000

it('small buffers are written at once and in order, without waiting for the socket', () => {
  const { writer, socket } = openWriter()
  writer.write(Buffer.from('a'))
  writer.write(Buffer.from('b'))
  expect(socket.writableLength).toBe(2)
})

it('a large buffer leaves in slices, each of which is progress, and what follows stays behind it', async () => {
  const { writer, written, accept, progress } = openWriter()
  writer.write(Buffer.alloc(LARGE, 'x'), Buffer.from('b'))
  writer.write(Buffer.alloc(LARGE, 'y'))
  writer.write(Buffer.from('c'))
  const reports: number[] = []
  while (written().length < 2 * LARGE + 2) {
    reports.push(progress())
    await accept()
  }
  const text = written()
  expect(text.replaceAll(/(.)\1+/g, '$1')).toBe('xbyc')
  expect(text).toHaveLength(2 * LARGE + 2)
  expect(progress()).toBe(6)
  // Progress is reported while slices leave, not at the end.
  expect(reports[1]).toBe(1)
})

it('what has not left yet is counted, whether it waits for a slice or not', async () => {
  const { writer, written, accept } = openWriter()
  writer.write(Buffer.alloc(LARGE, 'x'), Buffer.from('b'))
  expect(writer.unsentBytes).toBe(LARGE + 1)
  for (;;) {
    // A socket counts the bytes that it is handing over.
    const left = written().length
    await accept()
    expect(writer.unsentBytes).toBe(LARGE + 1 - left)
    if (left === LARGE + 1) break
  }
})

/** A writer to a socket that accepts what it was given only when the test says so. */
function openWriter() {
  let progress = 0
  let done: (() => void) | undefined
  const chunks: Buffer[] = []
  const socket = new Writable({
    write: (chunk: Buffer, _encoding, callback) => {
      chunks.push(chunk)
      done = callback
    },
  })
  const accept = async (): Promise<void> => {
    done?.()
    await new Promise(setImmediate)
  }
  return {
    writer: new SlicedWriter(socket as Socket, () => progress++),
    socket,
    accept,
    progress: () => progress,
    written: () => Buffer.concat(chunks).toString('latin1'),
  }
}

/** For tests of what goes over a lane: a lane without a server. */
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { WritePipeline, type WriteResult, type PipelineWrite, type NodeResult } from './write-pipeline.ts'

export const OK = '+OK\r\n'
export const WRONGTYPE = '-WRONGTYPE x\r\n'
export const NOTHING: NodeResult = { rejections: [], done: [], read: [], elsewhere: [], problem: undefined }

export function load(text: string, commands: number, more: Partial<PipelineWrite> = {}): PipelineWrite {
  return { bytes: Buffer.from(text), commands, ...more }
}

export function rejectedIn({ rejections }: WriteResult): number[] {
  return rejections.map(({ index }) => index)
}

export function openPipeline() {
  const events: string[] = []
  const refusals: unknown[] = []
  const socket = playedSocket()
  const pipeline = new WritePipeline('h:1', socket.socket, {
    heard: () => events.push('heard'),
    refused: (error) => refusals.push(error),
    isElsewhere: (text) => text.startsWith('MOVED'),
  })
  return { pipeline, socket, events, refusals }
}

/** Stands for a socket: keeps what is written, and gives the answers it is told to. */
export function playedSocket() {
  let text = ''
  const socket = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      text += chunk.toString()
      done()
    },
  })
  return {
    socket: socket as Socket,
    written: () => text,
    answer: (replies: string) => socket.push(replies),
  }
}

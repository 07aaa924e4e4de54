/** For tests of write pipelines: a pipeline whose server the test plays. */
import type { Socket } from 'node:net'
import type { TransientError } from '../../errors.ts'
import { Duplex } from 'node:stream'
import type { CommandRun } from '../resp/command-run.ts'
import { WritePipeline, type WriteResult, type PipelineWrite, type NodeResult } from './write-pipeline.ts'

export const OK = '+OK\r\n'
export const WRONGTYPE = '-WRONGTYPE x\r\n'
export const NOTHING: NodeResult = {
  rejections: [],
  done: [],
  read: [],
  elsewhere: [],
  problem: undefined,
  refusal: undefined,
  exec: undefined,
  hasRunBare: false,
}

export function writeOf(text: string, commands: number, more: Partial<PipelineWrite> = {}): PipelineWrite {
  const isTransaction = more.kind === 'transaction'
  const run = { head: { name: '', args: 0 }, count: commands }
  const runs = isTransaction ? [runOf('MULTI'), run, runOf('EXEC')] : [run]
  return { kind: 'plain', chunks: [Buffer.from(text)], commands, runs, ...more }
}

function runOf(name: string): CommandRun {
  return { head: { name, args: 0 }, count: 1 }
}

export function rejectedIn({ rejections }: WriteResult): number[] {
  return rejections.map(({ index }) => index)
}

export function openPipeline(replyMs?: number) {
  const losses: unknown[] = []
  const refusals: TransientError[] = []
  const socket = playedSocket()
  const pipeline = new WritePipeline(
    { where: 'h:1' },
    socket.socket,
    {
      lost: (error) => losses.push(error),
      refused: (error) => refusals.push(error),
      isRedirection: (text) => text.startsWith('MOVED'),
    },
    replyMs,
  )
  /** Sends a write, and keeps its result once it is there. */
  const send = (write: PipelineWrite): { result?: NodeResult } => {
    const sent: { result?: NodeResult } = {}
    void pipeline.send(write).then((result) => (sent.result = result))
    return sent
  }
  return { pipeline, send, socket, losses, refusals }
}

/** Stands for a socket: keeps what is written to it, and receives the replies that the test gives. */
export function playedSocket() {
  let text = ''
  const socket = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      text += chunk.toString('latin1')
      done()
    },
  })
  return {
    socket: socket as Socket,
    /** Returns what was written, that of the current tick included. */
    written: () => {
      socket.uncork()
      return text
    },
    answer: (replies: string) => socket.push(replies),
  }
}

/** For tests of what goes over a lane: a lane without a server. */
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { Lane, type Answers, type Shipment } from './lane.ts'

export const OK = '+OK\r\n'
export const WRONGTYPE = '-WRONGTYPE x\r\n'
export const NOTHING: Answers = { rejections: [], done: [], read: [] }

export function shipment(text: string, commands: number, more: Partial<Shipment> = {}): Shipment {
  return { bytes: Buffer.from(text), commands, ...more }
}

export function rejectedIn({ rejections }: Answers): number[] {
  return rejections.map(({ index }) => index)
}

export function openLane() {
  const events: string[] = []
  const refusals: unknown[] = []
  const lane = new Lane('h:1', {
    heard: () => events.push('heard'),
    confirmed: () => events.push('confirmed'),
    refused: (error) => refusals.push(error),
  })
  return { lane, socket: socketInto(lane), events, refusals }
}

/** Attaches what stands for a socket: keeps what is written, and gives the answers it is told to. */
export function socketInto(
  lane: Lane,
  run?: number,
): { written: () => string; answer: (text: string) => void } {
  let text = ''
  const socket = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      text += chunk.toString()
      done()
    },
  })
  lane.attach(socket as Socket, run)
  return { written: () => text, answer: (replies) => socket.push(replies) }
}

// A server that stands before a real one and, from some command on, answers something else.
import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net'
import type { Random } from './random.ts'

/** Returns what is sent in place of a reply; `close` and `silence` end or stall the connection. */
type Lie = (command: readonly string[], random: Random) => string | Buffer

const CRLF = Buffer.from('\r\n')

const LIES: Record<string, Lie> = {
  null: () => '$-1\r\n',
  'null array': () => '*-1\r\n',
  'minus zero': () => ':-0\r\n',
  'padded size': () => '$-08\r\n',
  'stray carriage return': () => '+O\rX$-1\r\n',
  exponent: () => '$1e3\r\nx\r\n',
  'huge array': () => '*33000000\r\n'.repeat(20),
  'huge bulk': () => '$1000000000\r\n',
  'long bulk': () => Buffer.concat([Buffer.from('$20000000\r\n'), Buffer.alloc(20_000_000, 'x')]),
  'many lines': () =>
    Buffer.concat([Buffer.from('$15000000\r\n'), Buffer.alloc(15_000_000, 'a:b\r\n'), CRLF]),
  'large value': () => Buffer.concat([Buffer.from('$4000000\r\n'), Buffer.alloc(4_000_000, 'a:b\r\n'), CRLF]),
  'large pairs': () =>
    Buffer.concat(
      [
        '*2\r\n$6000000\r\n',
        Buffer.alloc(6_000_000, 'a:b\r\n'),
        '\r\n$9000000\r\n',
        Buffer.alloc(9_000_000, 'x'),
        CRLF,
      ].map((part) => Buffer.from(part)),
    ),
  'endless status': () => Buffer.concat([Buffer.from('+'), Buffer.alloc(5_000_000, 'x')]),
  'deep nesting': () => '*1\r\n'.repeat(100_000),
  push: () => '>2\r\n$7\r\nmessage\r\n$-1\r\n',
  'two replies': () => '+OK\r\n+OK\r\n',
  'wrong number': () => ':9223372036854775807\r\n',
  'negative number': () => ':-17\r\n',
  text: () => '$5\r\nhello\r\n',
  'empty array': () => '*0\r\n',
  array: () => '*3\r\n:1\r\n$1\r\na\r\n*-1\r\n',
  http: () => 'HTTP/1.1 400 Bad Request\r\n\r\n',
  ssh: () => 'SSH-2.0-OpenSSH_9.2\r\n',
  garbage: (_, random) => Buffer.from(Array.from({ length: 200 }, () => Math.floor(random() * 256))),
  'echo in an error': (command) => `-ERR bad command ${oneLine(command)}\r\n`,
  'echo of an unknown command': (command) =>
    `-ERR unknown command '${command.at(-1)}', with args beginning with: ${oneLine(command)}\r\n`,
  'echo in a word': (command) => `-${oneLine(command.slice(1))}\r\n`,
  loading: () => '-LOADING Redis is loading the dataset in memory\r\n',
  full: () => "-OOM command not allowed when used memory > 'maxmemory'.\r\n",
  'wrong type': () => '-WRONGTYPE Operation against a key holding the wrong kind of value\r\n',
  moved: () => '-MOVED 1 127.0.0.1:1\r\n',
  ask: () => '-ASK 99999 nowhere:1\r\n',
  'try again': () => '-TRYAGAIN Multiple keys request during rehashing of slot\r\n',
  'truncated reply': () => '$100\r\nabc',
  close: () => 'close',
  silence: () => 'silence',
}

export interface LyingServer extends AsyncDisposable {
  readonly port: number
}

/** `first`: the number of the first command that is lied to; `share`: how many of those behind it are. */
export interface Lying {
  readonly lie: string
  readonly first: number
  readonly share: number
  readonly random: Random
}

/** A proxy that changes bytes of what the real server answers. */
const CHANGED_BYTES = 'changed bytes'

export const KINDS_OF_LIES = [...Object.keys(LIES), CHANGED_BYTES]

export function startLyingServer(backend: number, lying: Lying): Promise<LyingServer> {
  const { lie, first, share, random } = lying
  let commands = 0
  const isLie = (): boolean => commands > first && random() < share
  return startAnsweringServer(
    backend,
    (words, port) => {
      commands++
      return lie !== CHANGED_BYTES && isLie() ? LIES[lie]!(words, random) : answerOf(words, port)
    },
    (chunk) => (lie === CHANGED_BYTES && isLie() ? changed(chunk, random) : chunk),
  )
}

/** Returns bytes with one of them changed, left out or doubled, or without their end. */
function changed(bytes: Buffer, random: Random): Buffer {
  const at = Math.floor(random() * bytes.length)
  const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at + 1)]
  const others = [
    () => [head, Buffer.from([bytes[at]! ^ (1 << Math.floor(random() * 8))]), tail],
    () => [head, Buffer.from([Math.floor(random() * 256)]), tail],
    () => [head, tail],
    () => [bytes.subarray(0, at + 1), bytes.subarray(at)],
    () => [head],
  ]
  return Buffer.concat(others[Math.floor(random() * others.length)]!())
}

/**
 * `answer`: what is sent in place of the real server's reply to a command; undefined where that server answers. `relay`:
 * what becomes of its bytes.
 */
export async function startAnsweringServer(
  backend: number,
  answer: (words: readonly string[], port: number) => string | Buffer | undefined,
  relay: (chunk: Buffer) => Buffer = (chunk) => chunk,
): Promise<LyingServer> {
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = createConnection({ host: '127.0.0.1', port: backend })
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {}).once('close', () => sockets.delete(socket))
    }
    client.once('close', () => upstream.destroy())
    upstream.once('close', () => client.destroy())
    upstream.on('data', (chunk: Buffer) => client.write(relay(chunk)))
    let rest: Buffer = Buffer.alloc(0)
    let isSilent = false
    client.on('data', (chunk) => {
      rest = Buffer.concat([rest, chunk])
      for (;;) {
        const read = readCommand(rest)
        if (read === undefined || isSilent) return
        const bytes = rest.subarray(0, read.end)
        rest = rest.subarray(read.end)
        const own = answer(read.words, portOf(server))
        if (own === 'close') client.destroy()
        else if (own === 'silence') isSilent = true
        else if (own === undefined) upstream.write(bytes)
        else client.write(own)
      }
    })
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  return {
    port: portOf(server),
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function portOf(server: { address(): unknown }): number {
  return (server.address() as AddressInfo).port
}

/** Plays a login, a cluster of one node, and a sentinel; undefined for what the real server answers. */
export function answerOf([name = '', argument = '']: readonly string[], port: number): string | undefined {
  if (/^auth$/i.test(name)) return '+OK\r\n'
  if (/^cluster$/i.test(name))
    return `*1\r\n*3\r\n:0\r\n:16383\r\n*3\r\n$9\r\n127.0.0.1\r\n:${port}\r\n$2\r\nid\r\n`
  if (!/^sentinel$/i.test(name)) return undefined
  return /^get-master/i.test(argument)
    ? `*2\r\n$9\r\n127.0.0.1\r\n$${String(port).length}\r\n${port}\r\n`
    : '*0\r\n'
}

function readCommand(bytes: Buffer): { words: string[]; end: number } | undefined {
  const words: string[] = []
  let at = bytes.indexOf('\r\n') + 2
  if (at === 1) return undefined
  for (let left = Number(bytes.toString('latin1', 1, at - 2)); left > 0; left--) {
    const line = bytes.indexOf('\r\n', at)
    if (line === -1) return undefined
    const end = line + 2 + Number(bytes.toString('latin1', at + 1, line))
    if (end + 2 > bytes.length) return undefined
    words.push(bytes.toString('utf8', line + 2, end))
    at = end + 2
  }
  return { words, end: at }
}

function oneLine(words: readonly string[]): string {
  return words
    .join(' ')
    .replaceAll(/[\r\n]/g, ' ')
    .slice(0, 500)
}

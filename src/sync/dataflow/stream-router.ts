/** Finds the stream of a record, a state or a status by the bytes that name it. */
import type { Message, Range } from '../../protocol/input/message.ts'
import { problem, SystemError } from '../../errors.ts'
import { shownName } from '../../shown-text.ts'
import { identityOf, type StreamDescriptor } from '../../protocol/airbyte/stream-descriptor.ts'
import type { StreamSession } from '../streams/stream-session.ts'
import { listOr } from '../../wording.ts'

/** Spellings of one name differ only by escapes. Nobody needs many, so memory for them is bounded. */
const MOST_SPELLINGS = 100_000

/** The bytes with which lines name a stream, escapes included, so that few names are ever decoded. */
interface Spelling {
  name: Buffer
  namespace: Buffer
  session: StreamSession
}

export class StreamRouter {
  readonly #byIdentity: Map<string, StreamSession>
  /** All streams of a name, for hosts that leave out namespaces. */
  readonly #byName: Map<string, StreamSession[]>
  /** One spelling for each hash: where two have the same one, each replaces the other, which costs time only. */
  readonly #byHash = new Map<number, Spelling>()

  constructor(sessions: readonly StreamSession[]) {
    this.#byIdentity = new Map(sessions.map((session) => [identityOf(session.plan.stream), session]))
    this.#byName = Map.groupBy(sessions, ({ plan }) => plan.stream.name)
  }

  /** Returns the stream of a record. */
  routeRecord(bytes: Buffer, message: Message): StreamSession {
    const spelling = this.#byHash.get(message.hash)
    return spelling !== undefined &&
      isAt(spelling.name, bytes, message.stream) &&
      isAt(spelling.namespace, bytes, message.namespace)
      ? spelling.session
      : this.#addSpelling(bytes, message)
  }

  /** Returns the stream of a record that was not kept. */
  routeLongRecord(stream: StreamDescriptor, lineNumber: number): StreamSession {
    return this.#find('record', stream, lineNumber) ?? unknownStream('record', stream, lineNumber)
  }

  /** Returns the stream that a state names. */
  routeState(stream: StreamDescriptor, lineNumber: number): StreamSession {
    return this.#find('state', stream, lineNumber) ?? unknownStream('state', stream, lineNumber)
  }

  /** Returns the stream that a status names; undefined if the catalog does not have it. */
  routeStatus(stream: StreamDescriptor, lineNumber: number): StreamSession | undefined {
    return this.#find('status', stream, lineNumber)
  }

  #addSpelling(bytes: Buffer, { stream, namespace, hash, lineNumber }: Message): StreamSession {
    const spelling = { name: copyOf(bytes, stream), namespace: copyOf(bytes, namespace) }
    const descriptor: StreamDescriptor = {
      name: JSON.parse(spelling.name.toString()) as string,
      namespace: JSON.parse(spelling.namespace.toString() || 'null') as string | null,
    }
    const session =
      this.#find('record', descriptor, lineNumber) ?? unknownStream('record', descriptor, lineNumber)
    if (this.#byHash.size < MOST_SPELLINGS) this.#byHash.set(hash, { ...spelling, session })
    return session
  }

  /** Some hosts leave out the namespaces of messages, so without one the name decides. */
  #find(kind: MessageKind, descriptor: StreamDescriptor, lineNumber: number): StreamSession | undefined {
    const session = this.#byIdentity.get(identityOf(descriptor))
    if (session !== undefined || descriptor.namespace) return session
    const sameName = this.#byName.get(descriptor.name) ?? []
    if (sameName.length > 1) throw ambiguousStream(kind, sameName, lineNumber)
    return sameName[0]
  }
}

type MessageKind = 'record' | 'state' | 'status'

function isAt(text: Buffer, bytes: Buffer, { start, end }: Range): boolean {
  if (end - start !== text.length) return false
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text[i]) return false
  return true
}

function copyOf(bytes: Buffer, { start, end }: Range): Buffer {
  return Buffer.from(bytes.subarray(start, end))
}

function ambiguousStream(kind: MessageKind, sameName: readonly StreamSession[], line: number): SystemError {
  const streams = sameName.map(({ plan }) => plan.name)
  return new SystemError(
    problem(
      'stream-ambiguous',
      `Line ${line}: a ${kind} without a namespace could belong to ${listOr(streams)}. Sync these streams ` +
        'separately, or with a host that sends namespaces.',
      { params: { line, kind, streams: streams.join(', ') } },
    ),
  )
}

function unknownStream(kind: MessageKind, stream: StreamDescriptor, line: number): never {
  const [name, namespace] = [stream.name, stream.namespace ?? ''].map(shownName)
  throw new SystemError(
    problem(
      'stream-not-in-catalog',
      `Line ${line}: a ${kind} of stream ${JSON.stringify(name)}, namespace ${JSON.stringify(namespace || null)}, ` +
        'which the catalog does not have.',
      { params: { line, kind, stream: name!, namespace: namespace! } },
    ),
  )
}

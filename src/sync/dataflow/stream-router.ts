/** Finds the stream of a record, a state or a status by the bytes that name it. */
import type { Message, Range } from '../../protocol/input/message.ts'
import { problem, SystemError } from '../../errors.ts'
import { identityOf, type StreamDescriptor } from '../../protocol/airbyte/stream-descriptor.ts'
import type { StreamSession } from '../streams/stream-session.ts'

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
  readonly #byName = new Map<string, StreamSession | 'ambiguous'>()
  /** One spelling for each hash: where two have the same one, each replaces the other, which costs time only. */
  readonly #byHash = new Map<number, Spelling>()

  constructor(sessions: readonly StreamSession[]) {
    this.#byIdentity = new Map(sessions.map((session) => [identityOf(session.plan.stream), session]))
    for (const session of sessions) {
      const { name } = session.plan.stream
      this.#byName.set(name, this.#byName.has(name) ? 'ambiguous' : session)
    }
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

  /** Returns the stream that a state names. */
  routeState(stream: StreamDescriptor, lineNumber: number): StreamSession {
    return this.#byIdentity.get(identityOf(stream)) ?? unknownStream('state', stream, lineNumber)
  }

  /** Returns the stream that a status names, which may leave out the namespace. */
  routeStatus(stream: StreamDescriptor): StreamSession | undefined {
    const session = this.#byIdentity.get(identityOf(stream))
    if (session !== undefined || stream.namespace) return session
    const byName = this.#byName.get(stream.name)
    return byName === 'ambiguous' ? undefined : byName
  }

  #addSpelling(bytes: Buffer, { stream, namespace, hash, lineNumber }: Message): StreamSession {
    const spelling = { name: copyOf(bytes, stream), namespace: copyOf(bytes, namespace) }
    const descriptor: StreamDescriptor = {
      name: JSON.parse(spelling.name.toString()) as string,
      namespace: JSON.parse(spelling.namespace.toString() || 'null') as string | null,
    }
    const session =
      this.#byIdentity.get(identityOf(descriptor)) ?? unknownStream('record', descriptor, lineNumber)
    if (this.#byHash.size < MOST_SPELLINGS) this.#byHash.set(hash, { ...spelling, session })
    return session
  }
}

function isAt(text: Buffer, bytes: Buffer, { start, end }: Range): boolean {
  if (end - start !== text.length) return false
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text[i]) return false
  return true
}

function copyOf(bytes: Buffer, { start, end }: Range): Buffer {
  return Buffer.from(bytes.subarray(start, end))
}

function unknownStream(kind: 'state' | 'record', { name, namespace }: StreamDescriptor, line: number): never {
  throw new SystemError(
    problem(
      'stream-not-in-catalog',
      `Line ${line}: a ${kind} of stream ${JSON.stringify(name)}, namespace ${JSON.stringify(namespace ?? null)}, ` +
        'which the catalog does not have.',
      { params: { line, kind, stream: name, namespace: namespace ?? '' } },
    ),
  )
}

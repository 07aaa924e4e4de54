/** Finds the plan of a record's stream from the bytes that name it. */
import type { Message, Range } from '../../protocol/input/message.ts'
import { SystemError } from '../../errors.ts'
import { identityOf, type StreamDescriptor } from '../../protocol/airbyte/stream-descriptor.ts'
import type { StreamPlan } from '../streams/stream-plan.ts'

/** Spellings of one name differ only by escapes; nobody needs many, so memory for them is bounded. */
const MOST_SPELLINGS = 100_000

/** How a line names a stream, escapes and all: few names are ever decoded. */
interface Spelling {
  name: Buffer
  namespace: Buffer
  plan: StreamPlan
}

export class StreamRouter {
  readonly #byIdentity: Map<string, StreamPlan>
  readonly #byName = new Map<string, StreamPlan | 'ambiguous'>()
  /** One spelling for each hash: where two share one, they take turns, and only time is lost. */
  readonly #byHash = new Map<number, Spelling>()

  constructor(plans: readonly StreamPlan[]) {
    this.#byIdentity = new Map(plans.map((plan) => [identityOf(plan.stream), plan]))
    for (const plan of plans)
      this.#byName.set(plan.stream.name, this.#byName.has(plan.stream.name) ? 'ambiguous' : plan)
  }

  /** The plan of the record that `message` is. */
  routeRecord(bytes: Buffer, message: Message): StreamPlan {
    const known = this.#byHash.get(message.hash)
    return known !== undefined &&
      stands(known.name, bytes, message.stream) &&
      stands(known.namespace, bytes, message.namespace)
      ? known.plan
      : this.#learn(bytes, message)
  }

  /** The plan of the stream that a state names. */
  routeState(stream: StreamDescriptor, lineNumber: number): StreamPlan {
    return this.#byIdentity.get(identityOf(stream)) ?? unknownStream('state', stream, lineNumber)
  }

  /** The plan of the stream that a status names, which may leave out the namespace. */
  routeStatus(stream: StreamDescriptor): StreamPlan | undefined {
    const plan = this.#byIdentity.get(identityOf(stream))
    if (plan !== undefined || stream.namespace) return plan
    const byName = this.#byName.get(stream.name)
    return byName === 'ambiguous' ? undefined : byName
  }

  #learn(bytes: Buffer, { stream, namespace, hash, lineNumber }: Message): StreamPlan {
    const spelling = { name: copyOf(bytes, stream), namespace: copyOf(bytes, namespace) }
    const descriptor: StreamDescriptor = {
      name: JSON.parse(spelling.name.toString()) as string,
      namespace: JSON.parse(spelling.namespace.toString() || 'null') as string | null,
    }
    const plan =
      this.#byIdentity.get(identityOf(descriptor)) ?? unknownStream('record', descriptor, lineNumber)
    if (this.#byHash.size < MOST_SPELLINGS) this.#byHash.set(hash, { ...spelling, plan })
    return plan
  }
}

function stands(text: Buffer, bytes: Buffer, { start, end }: Range): boolean {
  if (end - start !== text.length) return false
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text[i]) return false
  return true
}

function copyOf(bytes: Buffer, { start, end }: Range): Buffer {
  return Buffer.from(bytes.subarray(start, end))
}

function unknownStream(what: string, { name, namespace }: StreamDescriptor, lineNumber: number): never {
  throw new SystemError(
    `Line ${lineNumber}: a ${what} of stream ${JSON.stringify(name)}, namespace ${JSON.stringify(namespace ?? null)}, ` +
      'which the catalog does not have.',
  )
}

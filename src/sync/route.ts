/** Finds the plan of a record's stream from the bytes that name it. */
import type { MessageReader } from '../protocol/messages.ts'
import { SystemError } from '../errors.ts'
import { identityOf, type StreamDescriptor } from '../protocol/descriptor.ts'
import type { StreamPlan } from './plan.ts'

/** Spellings of one name differ only by escapes; nobody needs many, so memory for them is bounded. */
const MOST_SPELLINGS = 100_000

export class Router {
  readonly #byIdentity: Map<string, StreamPlan>
  readonly #byName = new Map<string, StreamPlan | 'ambiguous'>()
  /** By the text of the name and namespace as they stood in the line, so that few names are ever decoded. */
  readonly #bySpelling = new Map<string, StreamPlan>()

  constructor(plans: readonly StreamPlan[]) {
    this.#byIdentity = new Map(plans.map((plan) => [identityOf(plan.stream), plan]))
    for (const plan of plans)
      this.#byName.set(plan.stream.name, this.#byName.has(plan.stream.name) ? 'ambiguous' : plan)
  }

  /** The plan of the record that `message` stands on. */
  routeRecord(bytes: Buffer, message: MessageReader): StreamPlan {
    const { stream, namespace } = message
    const name = bytes.toString('latin1', stream.start, stream.end)
    const spelling =
      namespace.end > namespace.start ? name + bytes.toString('latin1', namespace.start, namespace.end) : name
    return this.#bySpelling.get(spelling) ?? this.#learn(spelling, bytes, message)
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

  #learn(spelling: string, bytes: Buffer, { stream, namespace, lineNumber }: MessageReader): StreamPlan {
    const descriptor: StreamDescriptor = {
      name: JSON.parse(bytes.toString('utf8', stream.start, stream.end)) as string,
      namespace: JSON.parse(bytes.toString('utf8', namespace.start, namespace.end) || 'null') as
        string | null,
    }
    const plan =
      this.#byIdentity.get(identityOf(descriptor)) ?? unknownStream('record', descriptor, lineNumber)
    if (this.#bySpelling.size < MOST_SPELLINGS) this.#bySpelling.set(spelling, plan)
    return plan
  }
}

function unknownStream(what: string, { name, namespace }: StreamDescriptor, lineNumber: number): never {
  throw new SystemError(
    `Line ${lineNumber}: a ${what} of stream ${JSON.stringify(name)}, namespace ${JSON.stringify(namespace ?? null)}, ` +
      'which the catalog does not have.',
  )
}

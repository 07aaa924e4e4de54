/** Which servers hold the data now, as the deployment tells: one, or on a cluster the masters, each with its slots. */
import type { Address, Connection } from '../../config/settings/config.ts'
import { addressText } from '../transport/address.ts'
import type { Redirection } from '../failures/redirection.ts'
import { Sentinels } from './sentinel.ts'
import { readSlotMap } from './slot-map.ts'
import type { Transport } from '../transport/transport.ts'
import { classify } from '../failures/error-classifier.ts'
import type { Topology } from '../session/node-pool.ts'
import type { Where } from '../transport/address.ts'

export function readTopology(transport: Transport, connection: Connection): Promise<Topology> {
  return new TopologyReader(transport, connection).read()
}

/** Remembers what it has found, and so finds its way when some of the servers it was told of are gone. */
export class TopologyReader {
  readonly #transport: Transport
  readonly #connection: Connection
  /** Nodes of the cluster, the one that is asked next in front. */
  #nodes: Address[]
  /** Nodes that keys are on their way to, and that have no slot of their own yet. */
  #newcomers: Address[] = []
  #sentinels: Sentinels | undefined

  constructor(transport: Transport, connection: Connection) {
    const { deployment } = connection
    this.#transport = transport
    this.#connection = connection
    this.#nodes = deployment.kind === 'standalone' ? [deployment.address] : [...deployment.nodes]
  }

  /** Names the deployment in sentences. */
  get where(): Where {
    return this.#nodes.map(addressText).join(', ')
  }

  /** `redirections`: what nodes have said since it was read last. */
  async read(redirections: readonly Redirection[] = []): Promise<Topology> {
    const { deployment } = this.#connection
    if (deployment.kind === 'standalone') return { masters: [deployment.address], owners: undefined }
    if (deployment.kind === 'sentinel') {
      this.#sentinels ??= new Sentinels(this.#transport, this.#connection, deployment)
      return { masters: [await this.#sentinels.findMaster()], owners: undefined }
    }
    for (const { address } of redirections) if (address !== undefined) this.#newcomers.push(address)
    const { masters, owners } = await this.#readAnyMap()
    const names = masters.map(addressText)
    this.#newcomers = this.#newcomers.filter(
      (address, index, all) =>
        !names.includes(addressText(address)) &&
        index === all.findIndex((other) => addressText(other) === addressText(address)),
    )
    return { masters: [...masters, ...this.#newcomers], owners }
  }

  /** A node could not be connected to. */
  forgetNewcomers(): void {
    this.#newcomers = []
  }

  async #readAnyMap(): Promise<Topology> {
    let problem: unknown
    for (const node of this.#nodes)
      try {
        const topology = await readSlotMap(this.#transport, this.#connection, node)
        this.#remember(topology.masters)
        return topology
      } catch (error) {
        problem ??= classify(error, addressText(node)).error
      }
    throw problem
  }

  /** Another node is asked next time, as one that has been cut off from the others knows nothing new. */
  #remember(masters: readonly Address[]): void {
    const { deployment } = this.#connection
    const seeds = 'nodes' in deployment ? deployment.nodes : []
    const all = new Map([...this.#nodes, ...masters, ...seeds].map((node) => [addressText(node), node]))
    const isKnown = new Set([...masters, ...seeds].map(addressText))
    const [first, ...others] = [...all].filter(([name]) => isKnown.has(name)).map(([, node]) => node)
    this.#nodes = [...others, first!]
  }
}

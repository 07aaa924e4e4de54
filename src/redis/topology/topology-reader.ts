/** Finds out which servers hold the data now: one, or the masters of a cluster with their slots. */
import type { Address, Connection } from '../../config/settings/config.ts'
import { addressText } from '../transport/address.ts'
import type { Redirection } from '../failures/redirection.ts'
import { firstToServe } from './first-to-serve.ts'
import { Sentinels } from './sentinels.ts'
import { readSlotMap } from './slot-map.ts'
import type { Transport } from '../transport/transport.ts'
import { classify } from '../failures/error-classifier.ts'
import type { Topology } from '../session/node-pool.ts'
import type { Where } from '../transport/address.ts'

export function readTopology(transport: Transport, connection: Connection): Promise<Topology> {
  return new TopologyReader(transport, connection).read()
}

/** Remembers the servers that it has found, as those in the configuration may be gone the next time. */
export class TopologyReader {
  readonly #transport: Transport
  readonly #connection: Connection
  /** Nodes of the cluster, the one that is asked next in front. */
  #nodes: Address[]
  /** Nodes that slots are moving to, and that have no slot of their own yet. */
  #newcomers: Address[] = []
  #sentinels: Sentinels | undefined

  constructor(transport: Transport, connection: Connection) {
    const { deployment } = connection
    this.#transport = transport
    this.#connection = connection
    this.#nodes = deployment.kind === 'standalone' ? [deployment.address] : [...deployment.nodes]
  }

  /** The addresses of the deployment, for sentences. */
  get where(): Where {
    return this.#nodes.map(addressText).join(', ')
  }

  /** Reads the topology; `redirections` are those that nodes have answered since it was read last. */
  async read(redirections: readonly Redirection[] = []): Promise<Topology> {
    const { deployment } = this.#connection
    if (deployment.kind === 'standalone') return { masters: [deployment.address], owners: undefined }
    if (deployment.kind === 'sentinel') {
      this.#sentinels ??= new Sentinels(this.#transport, this.#connection, deployment)
      return { masters: [await this.#sentinels.findMaster()], owners: undefined }
    }
    for (const { address } of redirections) {
      if (address === undefined) continue
      this.#transport.requireAllowed(address)
      this.#newcomers.push(address)
    }
    const { masters, owners } = await this.#readAnySlotMap()
    const names = masters.map(addressText)
    this.#newcomers = this.#newcomers.filter(
      (address, index, all) =>
        !names.includes(addressText(address)) &&
        index === all.findIndex((other) => addressText(other) === addressText(address)),
    )
    return { masters: [...masters, ...this.#newcomers], owners }
  }

  /** Leaves out nodes without slots from now on, as one of them could not be connected to. */
  forgetNewcomers(): void {
    this.#newcomers = []
  }

  async #readAnySlotMap(): Promise<Topology> {
    const topology = await firstToServe(this.#nodes, (node) =>
      readSlotMap(this.#transport, this.#connection, node).catch((error: unknown) => {
        throw classify(error, { where: addressText(node), deployment: 'cluster' }).error
      }),
    )
    for (const master of topology.masters) this.#transport.requireAllowed(master)
    this.#remember(topology.masters)
    return topology
  }

  /** Puts another node in front for the next time, as a node that is cut off from the others has an old slot map. */
  #remember(masters: readonly Address[]): void {
    const { deployment } = this.#connection
    const seeds = 'nodes' in deployment ? deployment.nodes : []
    const all = new Map([...this.#nodes, ...masters, ...seeds].map((node) => [addressText(node), node]))
    const current = new Set([...masters, ...seeds].map(addressText))
    const [first, ...others] = [...all].filter(([name]) => current.has(name)).map(([, node]) => node)
    this.#nodes = [...others, first!]
  }
}

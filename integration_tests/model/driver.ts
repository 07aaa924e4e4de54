// Runs the connector as a case says: in this process, or as a process of its own where it has to be killed.
import { Writable } from 'node:stream'
import type { Redis } from 'ioredis'
import { parseConfig } from '../../src/config/parsing/parse-config.ts'
import { ConnectorError, failureTypeOf, messageOf } from '../../src/errors.ts'
import { STRUCTURES } from '../../src/layout/registry/structure-registry.ts'
import { readCatalog } from '../../src/protocol/airbyte/catalog.ts'
import { Output } from '../../src/protocol/airbyte/output.ts'
import { write } from '../../src/write.ts'
import { startConnector, writeFiles } from '../support/connector.ts'
import { catalog, type ConfiguredCatalog } from '../support/messages.ts'
import { isState, parseMessage, type State } from '../support/output-message.ts'
import { lineOf, type RunPlan } from './case.ts'
import type { ModelStream } from './options.ts'

export interface Target {
  /** The options that say where Redis is. */
  connection: Record<string, unknown>
  /** A client of each master. */
  nodes: Redis[]
}

export interface ConnectorResult {
  exitCode: number | null
  /** The code of the error, where it has one, and its failure type and sentence. */
  error: { code: string | undefined; failureType: string; message: string } | undefined
  states: State[]
}

export function runPlan(plan: RunPlan, target: Target): Promise<ConnectorResult> {
  return plan.ending === 'kill' ? runAndKill(plan, target) : runHere(plan, target)
}

async function runHere(plan: RunPlan, { connection }: Target): Promise<ConnectorResult> {
  const chunks: Buffer[] = []
  const stream = new Writable({
    write(chunk: Buffer, _, done) {
      chunks.push(chunk)
      done()
    },
  })
  const output = new Output(stream)
  const { signal } = new AbortController()
  const error = await withHost(plan, async () => {
    try {
      const { config } = parseConfig(JSON.stringify({ ...connection, ...plan.options }), {}, STRUCTURES)
      const streams = readCatalog(JSON.stringify(catalogOf(plan.streams)))
      await write({ config, catalog: streams, input: () => chunksOf(plan), output, signal })
      return undefined
    } catch (failure) {
      return describeError(failure)
    }
  })
  await output.drained()
  const lines = Buffer.concat(chunks).toString().split('\n').filter(Boolean)
  return { exitCode: error === undefined ? 0 : 1, error, states: statesIn(lines) }
}

/** Runs something with the environment variables of the host. */
async function withHost<Result>({ isPlatform }: RunPlan, act: () => Promise<Result>): Promise<Result> {
  if (isPlatform) process.env['WORKER_JOB_ID'] = '1'
  else delete process.env['WORKER_JOB_ID']
  try {
    return await act()
  } finally {
    delete process.env['WORKER_JOB_ID']
  }
}

function describeError(failure: unknown): ConnectorResult['error'] {
  const code = failure instanceof ConnectorError ? failure.problem?.code : undefined
  return { code, failureType: failureTypeOf(failure), message: messageOf(failure) }
}

/** Gives the input in memory that is overwritten by the next chunk, as the connector's own reader does. */
async function* chunksOf({ messages, streams, chunkBytes }: RunPlan): AsyncGenerator<Uint8Array> {
  const input = Buffer.from(messages.map((message) => lineOf(message, streams)).join(''))
  const chunk = Buffer.alloc(chunkBytes)
  for (let at = 0; at < input.length; at += chunkBytes) {
    const size = input.copy(chunk, 0, at, at + chunkBytes)
    yield chunk.subarray(0, size)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

async function runAndKill(plan: RunPlan, { connection, nodes }: Target): Promise<ConnectorResult> {
  const { messages, streams, options, isPlatform } = plan
  const files = writeFiles({ config: { ...connection, ...options }, catalog: catalogOf(streams) })
  const args = ['write', '--config', files.config, '--catalog', files.catalog]
  await using connector = startConnector(args, { env: { WORKER_JOB_ID: isPlatform ? '1' : undefined } })
  connector.stdin.write(messages.map((message) => lineOf(message, streams)).join(''))
  const states: State[] = []
  const expected = messages.filter(({ kind }) => kind === 'state').length
  if (expected > 0)
    for await (const message of connector.messages) {
      if (isState(message)) states.push(message.state)
      if (states.length === expected) break
      if (message.type === 'TRACE')
        throw new Error(`the connector ended too early: ${JSON.stringify(message)}`)
    }
  connector.kill('SIGKILL')
  await connector.exit
  await expireLeases(nodes)
  return { exitCode: null, error: undefined, states }
}

/** Removes the lease of a run that was killed, as its time to live does after ten seconds. */
async function expireLeases(nodes: readonly Redis[]): Promise<void> {
  for (const node of nodes) for (const key of await node.keys('*_airbyte:lease:*')) await node.unlink(key)
}

function statesIn(lines: string[]): State[] {
  return lines
    .map(parseMessage)
    .filter(isState)
    .map(({ state }) => state)
}

function catalogOf(streams: readonly ModelStream[]): ConfiguredCatalog {
  return catalog(
    streams.map(({ name, namespace, mode, primaryKey, cursor, generation, minimum, syncId }) => ({
      name,
      namespace,
      mode,
      ...(primaryKey === undefined ? {} : { primaryKey: primaryKey.map((path) => path.split('.')) }),
      ...(cursor === undefined ? {} : { cursor: [cursor] }),
      ...(generation === undefined ? {} : { generation }),
      ...(minimum === undefined ? {} : { minimumGeneration: minimum }),
      ...(syncId === undefined ? {} : { syncId }),
    })),
  )
}

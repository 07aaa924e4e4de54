// npm run demo: writes 200,000 records of a made-up shop through the built connector into a private Redis, as the Airbyte
// platform would send them, and shows what is in Redis afterwards.
//
// On a terminal Redis stays up until Ctrl-C for you to look around; with --exit, or elsewhere, it ends at once.
import { once } from 'node:events'
import { startConnector, writeFiles, type Connector } from '../../integration_tests/support/connector.ts'
import { feed } from '../../integration_tests/support/feed.ts'
import { catalog } from '../../integration_tests/support/messages.ts'
import type { ConnectorError } from '../../integration_tests/support/output-message.ts'
import { RedisServer } from '../../integration_tests/support/redis-server.ts'
import { formatCount } from './format.ts'
import { Progress } from './progress.ts'
import { recordCount, recordsPerState, shopMessages } from './records.ts'
import { streams } from './shop.ts'
import { showCommands, showSummary } from './summary.ts'

const warnings = ['WARN', 'ERROR', 'FATAL']
const isInteractive = process.stdin.isTTY && process.stdout.isTTY && !process.argv.includes('--exit')

await using redis = await startRedis()
const address = { host: redis.host, port: redis.port }
const files = writeFiles({ config: { ...address, cache_type: 'hash' }, catalog: catalog(streams) })

console.log(`A private Redis listens on ${redis.host}:${redis.port}.`)
console.log(
  `Writing ${formatCount(recordCount)} records of ${streams.length} streams into it, ` +
    `with a state every ${formatCount(recordsPerState)}:\n`,
)

const progress = new Progress()
const connector = startConnector(['write', '--config', files.config, '--catalog', files.catalog])
const [failure] = await Promise.all([followOutput(connector), feed(connector.stdin, shopMessages())])
const { code, signal } = await connector.exit
progress.end()

if (code !== 0) {
  fail(describeFailure(failure))
} else if (await showSummary(redis, progress)) {
  showCommands(redis)
  await letLookAround()
} else {
  fail('the connector ended well, but not everything that was sent is in Redis.')
}

/** Ends the demo with a sentence where there is no Redis to start. */
async function startRedis(): Promise<RedisServer> {
  try {
    return await RedisServer.start()
  } catch (error) {
    console.error((error as Error).message)
    return process.exit(1)
  }
}

/** Updates the progress by the states, shows warnings, and returns the error that ended the connector. */
async function followOutput({ messages }: Connector): Promise<ConnectorError | undefined> {
  let error: ConnectorError | undefined
  for await (const message of messages) {
    if (message.type === 'STATE') progress.acknowledge(message.state)
    if (message.type === 'LOG' && warnings.includes(message.log.level)) progress.say(message.log.message)
    if (message.type === 'TRACE') error = message.trace.error ?? error
  }
  return error
}

function describeFailure(error: ConnectorError | undefined): string {
  if (error) return `the connector ended with this error (${error.failure_type}): ${error.message}`
  const end = signal ? `was ended by ${signal}` : `ended with exit code ${code} and no error message`
  return `the connector ${end}.\n${connector.stderr.trim()}`
}

function fail(reason: string): void {
  console.error(`\nThe demo failed: ${reason}`)
  process.exitCode = 1
}

async function letLookAround(): Promise<void> {
  if (!isInteractive) {
    console.log(
      '\nThis Redis stops now. Run the demo on a terminal, without --exit, and it stays up for these commands.',
    )
    return
  }
  console.log('\nRedis stays up for you to look around. Ctrl-C stops it, and nothing is left behind.')
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM'), redis.exited()])
}

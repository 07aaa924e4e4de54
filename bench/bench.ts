// npm run bench: compares the connector with redis-cli --pipe, and prints every figure that the documentation quotes.
// README.md explains how to run it and how to read its tables.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Guardian } from '../integration_tests/support/guardian.ts'
import { hash } from './inputs/layouts.ts'
import { describeRun } from './report/machine.ts'
import type { Bench } from './loads/measure.ts'
import { readOptions, usage, type Options, type SuiteName } from './options.ts'
import { plotThroughput } from './report/plot.ts'
import { writePlot, writeReport } from './report/report.ts'
import { Server } from './loads/server.ts'
import { measureBuilds } from './suites/builds/builds.ts'
import { measureChanges } from './suites/changes/changes.ts'
import { measureClusters } from './suites/cluster.ts'
import { measureDistance } from './suites/distance.ts'
import { measureExactlyOnce } from './suites/builds/exactly-once.ts'
import { measureGrowth } from './suites/growth/growth.ts'
import { measureImage } from './suites/image.ts'
import { measureLayouts } from './suites/structures.ts'
import { measureMemory } from './suites/memory.ts'
import { measureOthers } from './suites/others.ts'
import { measureSizes } from './suites/size.ts'
import { measureStart } from './suites/start.ts'
import { measureStreams } from './suites/streams.ts'
import { formatSection, type Section } from './report/table.ts'
import { Verdicts } from './report/targets.ts'

const suites: Record<SuiteName, (bench: Bench) => Promise<Section>> = {
  size: async (bench) => {
    const { section, figures } = await measureSizes(bench)
    if (bench.options.write) writePlot(plotThroughput(figures))
    return section
  },
  layouts: measureLayouts,
  others: measureOthers,
  changes: measureChanges,
  cluster: measureClusters,
  distance: measureDistance,
  growth: measureGrowth,
  memory: measureMemory,
  'exactly-once': measureExactlyOnce,
  builds: measureBuilds,
  start: measureStart,
  streams: measureStreams,
  image: measureImage,
}

// A signal ends the bench only; the processes it runs have to be stopped, too.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1))

const asked = optionsOrLeave()
if (asked) await run(asked)
else console.log(usage)

async function run(options: Options): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'destination-redis-bench-'))
  // In the image, another user reads this directory.
  chmodSync(directory, 0o755)
  // Gigabytes of input must not be left behind, whatever ends the bench.
  const guardian = new Guardian(directory)
  try {
    await using server = await Server.open(options.redis)
    const bench = { options, server, directory, layout: hash, verdicts: new Verdicts() }
    await measureAll(bench)
  } finally {
    guardian.dismiss()
    rmSync(directory, { recursive: true, force: true })
  }
}

async function measureAll(bench: Bench): Promise<void> {
  const { options, server, verdicts } = bench
  const report = [await describeRun(options, server)]
  const print = (text: string) => {
    report.push(text)
    console.log(`${text}\n`)
  }
  console.log(`${report[0]}\n`)
  for (const name of options.suites) print(await measureSuite(bench, name))
  print(verdicts.summary())
  const text = `${report.join('\n\n')}\n`
  if (options.out !== undefined) writeFileSync(options.out, text)
  if (options.write) writeReport(text)
}

/** A suite that fails must not lose the figures of the others. */
async function measureSuite(bench: Bench, name: SuiteName): Promise<string> {
  try {
    return formatSection(await suites[name](bench))
  } catch (error) {
    console.error(error)
    process.exitCode = 1
    return `### ${name}\n\nFailed: ${error instanceof Error ? error.message : String(error)}`
  }
}

function optionsOrLeave(): Options | undefined {
  try {
    return readOptions(process.argv.slice(2))
  } catch (error) {
    console.error(`${String(error instanceof Error ? error.message : error)}\n\n${usage}`)
    process.exit(2)
  }
}

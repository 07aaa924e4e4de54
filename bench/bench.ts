// npm run bench: compares the connector with redis-cli --pipe, and prints every figure that the documentation quotes.
// README.md explains how to run it and how to read its tables.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Guardian } from '../integration_tests/support/guardian.ts'
import { hash } from './inputs/layouts.ts'
import { reasonFor } from './left-out.ts'
import { describeRun } from './report/machine.ts'
import type { Bench } from './loads/measure.ts'
import { readOptions, usage, type Options, type SuiteName } from './options.ts'
import type { Plot } from './report/plot.ts'
import { writePage, writeReport } from './report/report.ts'
import { Server } from './loads/server.ts'
import { measureBuilds } from './suites/builds/builds.ts'
import { measureChanges } from './suites/changes/changes.ts'
import { measureClusters } from './suites/cluster.ts'
import { measureCores } from './suites/cores.ts'
import { measureDistance } from './suites/distance.ts'
import { measureExactlyOnce } from './suites/builds/exactly-once.ts'
import { measureGrowth } from './suites/growth/growth.ts'
import { measureImage } from './suites/image.ts'
import { measureLayouts } from './suites/structures/structures.ts'
import { measureMemory } from './suites/memory/memory.ts'
import { measureOthers } from './suites/others.ts'
import { measureSizes } from './suites/size.ts'
import { measureStart } from './suites/start.ts'
import { measureStreams } from './suites/streams/streams.ts'
import { formatSection, type Section } from './report/table.ts'
import { TargetLog } from './report/target-log.ts'

const suites: Record<SuiteName, (bench: Bench) => Promise<Section>> = {
  size: measureSizes,
  layouts: measureLayouts,
  cores: measureCores,
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
    const bench = { options, server, directory, layout: hash, targetLog: new TargetLog() }
    await measureAll(bench)
  } finally {
    guardian.dismiss()
    rmSync(directory, { recursive: true, force: true })
  }
}

async function measureAll(bench: Bench): Promise<void> {
  const { options, server, targetLog } = bench
  const report = [await describeRun(options, server)]
  const plots: Plot[] = []
  console.log(`${report[0]}\n`)
  for (const name of options.suites) {
    const section = await measureSuite(bench, name)
    report.push(formatSection(section))
    plots.push(...(section.plots ?? []))
    console.log(`${formatSection({ ...section, plots: [] })}\n`)
  }
  report.push(targetLog.summary())
  console.log(`${targetLog.summary()}\n`)
  const text = `${report.join('\n\n')}\n`
  if (options.out !== undefined) writePage(options.out, text, plots)
  if (options.write) writeReport(text, plots)
}

/** A suite that fails must not lose the figures of the others. */
async function measureSuite(bench: Bench, name: SuiteName): Promise<Section> {
  try {
    const { plots = [], ...section } = await suites[name](bench)
    return { ...section, plots: plots.filter(({ series }) => series.some(({ points }) => points.length > 0)) }
  } catch (error) {
    return { title: name, tables: [], notes: [`Left out: ${reasonFor(error)}`] }
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

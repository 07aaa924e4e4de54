// Writes a report and its plots: into README.md and beside it, or anywhere else.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { draw, type Plot } from './plot.ts'

const bench = join(import.meta.dirname, '..')
const readme = join(bench, 'README.md')
const machines = join(bench, 'machines')

const begin = '<!-- The rest is written by npm run bench -- --write -->'

/** Writes the report into README.md. If the report there is of another machine, it is kept in machines/. */
export function writeReport(report: string, plots: Plot[]): void {
  const [before, former = ''] = readFileSync(readme, 'utf8').split(begin)
  const machine = machineOf(former)
  if (machine !== undefined && machine !== machineOf(report)) keep(machine, former)
  writePage(readme, `${before}${begin}\n\n${withOthers(report)}`, plots)
}

/** Writes a page, and the plots that it shows beside it. */
export function writePage(path: string, text: string, plots: Plot[]): void {
  writeFileSync(path, text)
  for (const plot of plots) writeFileSync(join(dirname(path), plot.file), draw(plot))
}

/** Moves a report and its plots into a directory of its machine. */
function keep(machine: string, report: string): void {
  const directory = join(machines, directoryOf(machine))
  mkdirSync(directory, { recursive: true })
  for (const [, plot] of report.matchAll(/\]\(([a-z-]+\.svg)\)/g))
    renameSync(join(bench, plot!), join(directory, plot!))
  writeFileSync(
    join(directory, 'README.md'),
    `# Bench: ${machine}\n\n${report.replace(/^- Other machines: .*\n/m, '').trim()}\n`,
  )
}

/** Names the other machines below the lines about this one. */
function withOthers(report: string): string {
  if (!existsSync(machines)) return report
  const own = directoryOf(machineOf(report) ?? '')
  const links = readdirSync(machines)
    .filter((name) => name !== own)
    .map((name) => `[${name}](machines/${name}/README.md)`)
  return links.length === 0 ? report : report.replace(/\n\n/, `\n- Other machines: ${links.join(', ')}\n\n`)
}

/** Returns processor and cores. */
function machineOf(report: string): string | undefined {
  return /^- Machine: (.+?, \d+ cores)/m.exec(report)?.[1]
}

function directoryOf(machine: string): string {
  return machine
    .toLowerCase()
    .replaceAll(/\((r|tm)\)|\bcpu\b|@.*?(?=,)/g, '')
    .replaceAll(/[^a-z0-9]+/g, '-')
}

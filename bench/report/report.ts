// Writes the last report into README.md, and its plot beside it.
import { readFileSync, writeFileSync } from 'node:fs'

const readme = new URL('../README.md', import.meta.url)
const plot = new URL('../throughput.svg', import.meta.url)

const begin = '<!-- The rest is written by npm run bench -- --write -->'

export function writeReport(report: string): void {
  const [before] = readFileSync(readme, 'utf8').split(begin)
  writeFileSync(readme, `${before}${begin}\n\n${report}`)
}

export function writePlot(svg: string): void {
  writeFileSync(plot, svg)
}

// The lines above the tables: figures say nothing without the machine and the versions.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, release, totalmem, type } from 'node:os'
import type { Options } from '../options.ts'
import type { Server } from '../loads/server.ts'

export async function describeRun(options: Options, server: Server): Promise<string> {
  const { address, own } = server
  const place = own ? 'private, loopback, nothing kept on disk' : `${address.host}:${address.port}`
  const memory = (totalmem() / 2 ** 30).toFixed(0)
  return [
    `- Machine: ${cpus()[0]?.model.trim() ?? 'unknown CPU'}, ${availableParallelism()} cores, ${memory} GiB, ${type()} ${release()}`,
    `- Versions: connector ${connectorVersion()}, Node ${process.versions.node}, Redis ${await server.version()} (${place})`,
    `- Date: ${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC`,
    `- Command: \`${options.command}\` (counts × ${options.scale}, ${options.runs} runs)`,
  ].join('\n')
}

function connectorVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  const { version } = JSON.parse(text) as { version: string }
  const commit = git('rev-parse', '--short', 'HEAD')
  if (!commit) return version
  return `${version} (${commit}${git('status', '--porcelain', 'src') ? ' and changes' : ''})`
}

function git(...args: string[]): string {
  try {
    return execFileSync('git', args, {
      cwd: import.meta.dirname + '/../..',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
      .toString()
      .trim()
  } catch {
    return ''
  }
}

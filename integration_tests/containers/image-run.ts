// Runs of the image in a network of containers, with a folder of configurations and catalogs at /dest.
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { docker, image } from './docker.ts'
import { messagesIn } from './messages.ts'

export interface Surroundings {
  readonly network: string
  readonly folder: string
}

/** The options of `docker` up to where the image is named. */
export function runIn({ network, folder }: Surroundings): string[] {
  return ['run', '--rm', '--interactive', '--network', network, '--volume', `${folder}:/dest`]
}

export async function check(surroundings: Surroundings, config: string) {
  const run = [...runIn(surroundings), image, 'check', '--config', `/dest/${config}`]
  const { code, stdout } = await docker(run)
  const results = messagesIn(stdout).flatMap(({ connectionStatus }) => connectionStatus ?? [])
  return {
    code,
    statuses: results.map(({ status }) => status),
    messages: results.map(({ message }) => message),
  }
}

// The folder is open to all, because the container's user is another than the one who runs the tests.
export function writeInputs(inputs: Record<string, object>): string {
  const path = mkdtempSync(join(tmpdir(), 'destination-redis-smoke-'))
  chmodSync(path, 0o777)
  for (const [name, content] of Object.entries(inputs)) {
    writeFileSync(join(path, name), JSON.stringify(content))
  }
  return path
}

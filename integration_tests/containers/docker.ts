import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'

type Ended = { code: number | null; stdout: string; stderr: string }

export const image = 'destination-redis:smoke'

// The legacy builder unless the caller asks for another: what it can build, BuildKit can as well.
const environment = { DOCKER_BUILDKIT: '0', ...process.env }

type Build = { tag?: string; arguments?: Record<string, string> }

export async function buildImage(build: Build = {}): Promise<void> {
  const engine = await docker(['version', '--format', '{{.Server.Version}}']).catch(String)
  if (typeof engine === 'string' || engine.code !== 0) {
    const reason = typeof engine === 'string' ? engine : engine.stderr.trim()
    throw new Error(`The container tests need a running Docker engine, and none answers: ${reason}`)
  }

  const values = Object.entries(build.arguments ?? {}).flatMap(([name, value]) => [
    '--build-arg',
    `${name}=${value}`,
  ])
  const root = join(import.meta.dirname, '../..')
  const built = await docker(['build', '--tag', build.tag ?? image, ...values, root])
  if (built.code !== 0) throw new Error(`The image does not build:\n${built.stdout}\n${built.stderr}`)
}

/** Runs the Docker command line with `input` on its stdin until it ends. */
export async function docker(args: string[], input: Iterable<string> = []): Promise<Ended> {
  const child = startDocker(args)
  const [stdout, stderr] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
    // A container that stops reading breaks the pipe; its exit code tells the rest.
    pipeline(Readable.from(input), child.stdin).catch(() => {}),
  ])
  return { code: child.exitCode, stdout, stderr }
}

export function startDocker(args: string[]) {
  return spawn('docker', args, { env: environment, stdio: 'pipe' })
}

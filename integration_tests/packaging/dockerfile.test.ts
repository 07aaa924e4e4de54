import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')
const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8')

test('each stage takes the whole name of its base image from NODE_IMAGE, so a tag and a digest both fit', () => {
  const bases = [...dockerfile.matchAll(/^FROM (?:--platform=\S+ )?(?<base>\S+)/gm)].map(
    ({ groups }) => groups?.['base'],
  )

  expect(bases).toEqual(bases.map(() => '${NODE_IMAGE}'))
  expect(bases.length).toBeGreaterThan(1)
  expect(dockerfile).toContain('\nARG NODE_IMAGE=node:24-bookworm-slim\n')
})

test('the base image and its digest are labels', () => {
  expect(dockerfile).toContain('org.opencontainers.image.base.name="${NODE_IMAGE}"')
  expect(dockerfile).toContain('org.opencontainers.image.base.digest="${NODE_IMAGE_DIGEST}"')
})

test('the first step that needs another processor than the builder is compiling the chunks', () => {
  const stages = dockerfile.split(/^(?=FROM )/m).slice(1)
  const built = stages.filter((stage) => stage.startsWith('FROM --platform=${BUILDPLATFORM:-linux/amd64} '))

  expect(built.map((stage) => /npm (?:ci|run build)/.test(stage))).toEqual([true])
  expect(stages.filter((stage) => stage.includes('npm ')).length).toBe(built.length)
})

test('what is copied from the project is let through by .dockerignore', () => {
  const kept = [...readFileSync(join(root, '.dockerignore'), 'utf8').matchAll(/^!(?<path>\S+)$/gm)].map(
    ({ groups }) => groups?.['path'],
  )
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(?<paths>.+) \S+$/gm)].flatMap(
    ({ groups }) => groups?.['paths']?.split(' ') ?? [],
  )

  expect(copied).toContain('.ci/bundle.mjs')
  expect(copied.filter((path) => !kept.includes(path))).toEqual([])
})

test('no step needs BuildKit', () => {
  expect(dockerfile).not.toMatch(/^(RUN|COPY|ADD) --(mount|link|chmod|network|security)|<<[A-Z]/m)
})

test('one build argument is the page that the form and the label of the image lead to', () => {
  const step = /^RUN (?<command>.*"\$DOCUMENTATION_URL")$/m.exec(dockerfile)?.groups?.['command']
  const folder = mkdtempSync(join(tmpdir(), 'destination-redis-image-'))
  cpSync(join(root, 'spec'), join(folder, 'spec'), { recursive: true })
  const address = 'https://example.com/you/redis?a=1&b'
  execFileSync('sh', ['-c', step ?? ''], { cwd: folder, env: { ...process.env, DOCUMENTATION_URL: address } })
  const written: object = JSON.parse(readFileSync(join(folder, 'spec/spec.json'), 'utf8'))
  rmSync(folder, { recursive: true })

  expect(written).toEqual({
    ...JSON.parse(readFileSync(join(root, 'spec/spec.json'), 'utf8')),
    documentationUrl: address,
  })
  expect(dockerfile).toContain('org.opencontainers.image.documentation="${DOCUMENTATION_URL}"')
  expect(dockerfile).toContain('COPY --from=build /airbyte/spec spec')
})

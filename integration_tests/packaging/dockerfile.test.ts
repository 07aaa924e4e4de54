import { readFileSync } from 'node:fs'
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

test('the first step that needs another processor than the builder is the compile cache', () => {
  const stages = dockerfile.split(/^(?=FROM )/m).slice(1)
  const built = stages.filter((stage) => stage.startsWith('FROM --platform=${BUILDPLATFORM:-linux/amd64} '))

  expect(built.map((stage) => /npm (?:ci|run build)/.test(stage))).toEqual([true])
  expect(stages.filter((stage) => stage.includes('npm ')).length).toBe(built.length)
})

test('no step needs BuildKit', () => {
  expect(dockerfile).not.toMatch(/^(RUN|COPY|ADD) --(mount|link|chmod|network|security)|<<[A-Z]/m)
})

// The base image by its digest, as a release names it. Only an image that was pulled or pushed has a digest.
import { expect, test } from 'vitest'
import { buildImage, docker, image } from './docker.ts'

const tag = 'node:24-bookworm-slim'

test('builds on a base image that is named by its digest, and says so in its labels', async (context) => {
  const inspected = await docker(['image', 'inspect', '--format', '{{json .RepoDigests}}', tag])
  const [reference]: string[] = inspected.code === 0 ? JSON.parse(inspected.stdout) : []
  if (reference === undefined)
    return context.skip(`${tag} was neither pulled nor pushed here, so it has no digest`)

  const pinned = `${image}-digest`
  await buildImage({
    tag: pinned,
    arguments: { NODE_IMAGE: reference, NODE_IMAGE_DIGEST: reference.replace(/^.*@/, '') },
  })
  const { stdout } = await docker(['image', 'inspect', '--format', '{{json .Config.Labels}}', pinned])

  expect(JSON.parse(stdout)).toMatchObject({
    'org.opencontainers.image.base.name': reference,
    'org.opencontainers.image.base.digest': expect.stringMatching(/^sha256:[\da-f]{64}$/),
  })
}, 600_000)

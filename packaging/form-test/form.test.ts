// Fills in the form for three typical uses. What it sends must pass the check of a real Redis, and mean the same as the
// configuration that somebody would write by hand.
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Authority } from '../../integration_tests/support/certificates.ts'
import { check } from '../../integration_tests/support/check.ts'
import { RedisCluster } from '../../integration_tests/support/cluster.ts'
import { RedisServer } from '../../integration_tests/support/redis-server.ts'
import { startTlsRedis } from '../../integration_tests/support/tls-server.ts'
import { parseConfig } from '../../src/config/parsing/parse-config.ts'
import { STRUCTURES } from '../../src/layout/registry/structure-registry.ts'
import { FormPage, startBrowser } from './form-page.ts'
import { EVENTS, LOGIN, PROFILES, STREAMS, type Target, type TypicalUse } from './typical-uses.ts'

let browser: Browser

beforeAll(async () => {
  browser = await startBrowser()
})
afterAll(() => browser.close())

describe('the form that nobody has touched', () => {
  it('sends what means the same as nothing', async () => {
    await using form = await FormPage.open(browser)
    await form.set('Host', 'redis.example.com')
    expect(meaningOf(await form.submit())).toEqual(meaningOf({ host: 'redis.example.com' }))
  })

  it('verifies everything as soon as SSL is ticked', async () => {
    await using form = await FormPage.open(browser)
    await form.set('Host', 'redis.example.com')
    await form.set('SSL connection', true)
    const { connection } = meaningOf(await form.submit())
    expect(connection.tls).toMatchObject({ mode: 'verify-full' })
  })

  it('shows the fields that most people need, without unfolding anything', async () => {
    await using form = await FormPage.open(browser)
    for (const title of ['Host', 'Port', 'Deployment', 'Username', 'Password', 'SSL connection'])
      expect(await form.field(title).isVisible(), title).toBe(true)
    for (const title of ['Cache type', 'Data format', 'Key template', 'TTL (seconds)'])
      expect(await form.field(title).isVisible(), title).toBe(true)
    expect(await form.page.getByRole('button', { name: 'Add to Streams' }).isVisible()).toBe(true)
    expect(await form.field('URL').isVisible()).toBe(false)
  })

  it('does not have the options that are hidden', async () => {
    await using form = await FormPage.open(browser)
    expect(await form.field('Batch size (records)').count()).toBe(0)
  })
})

describe('the form that is filled in', () => {
  it(`for ${PROFILES.title}`, async () => {
    await using redis = await RedisServer.start()
    await redis.client().acl('SETUSER', LOGIN.username, 'on', `>${LOGIN.password}`, '~*', '+@all')
    await expectItWorks(PROFILES, { host: redis.host, port: redis.port })
  })

  it(`for ${EVENTS.title}`, async () => {
    const authority = new Authority('An authority')
    await using redis = await startTlsRedis(authority.issue({ hosts: ['127.0.0.1'] }))
    await expectItWorks(EVENTS, { host: redis.host, port: redis.port, authority: authority.certificate })
  })

  it(`for ${STREAMS.title}`, async () => {
    await using cluster = await RedisCluster.start()
    const nodes = cluster.servers.slice(0, 2).map(({ host, port }) => `${host}:${port}`)
    await expectItWorks(STREAMS, { host: '', port: 0, nodes })
  })
})

async function expectItWorks(use: TypicalUse, target: Target): Promise<void> {
  await using form = await FormPage.open(browser)
  await use.fill(form, target)
  const sent = await form.submit()
  expect(meaningOf(sent)).toEqual(meaningOf(use.means(target)))
  expect(await check(sent)).toMatchObject({ status: 'SUCCEEDED' })

  await using edited = await FormPage.open(browser, sent)
  expect(await edited.submit()).toEqual(sent)
}

/** The configuration without warnings, which would name an option that has no effect. */
function meaningOf(raw: object) {
  const { config, warnings } = parseConfig(JSON.stringify(raw), {}, STRUCTURES)
  expect(warnings).toEqual([])
  return config
}

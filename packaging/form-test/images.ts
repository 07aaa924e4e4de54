// Draws the pictures of the form in docs/images, for `npm run docs:form`.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { FormPage, startBrowser } from './form-page.ts'
import { EVENTS, PROFILES, STREAMS } from './typical-uses.ts'

const FOLDER = join(import.meta.dirname, '../../docs/images')
const TARGET = {
  host: 'redis.example.com',
  port: 6379,
  nodes: ['redis-1.example.com:6379', 'redis-2.example.com:6379'],
  authority: '-----BEGIN CERTIFICATE-----\n…\n-----END CERTIFICATE-----',
}

mkdirSync(FOLDER, { recursive: true })
await using browser = await startBrowser()

await using untouched = await FormPage.open(browser)
await untouched.page.screenshot({ path: join(FOLDER, 'form.png'), fullPage: true })

for (const [name, { fill, card }] of Object.entries({
  profiles: PROFILES,
  events: EVENTS,
  cluster: STREAMS,
})) {
  await using form = await FormPage.open(browser)
  await fill(form, TARGET)
  // A focused field has a frame of its own.
  await form.page.getByRole('heading').first().click()
  await form.card(card).screenshot({ path: join(FOLDER, `form-${name}.png`) })
}

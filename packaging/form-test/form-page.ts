// Opens the form in Chromium.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { chromium, type Browser, type Locator, type Page } from 'playwright-core'
import { build } from 'rolldown'

const HERE = import.meta.dirname
const SPECIFICATION = readFileSync(join(HERE, '../../spec/spec.json'), 'utf8')

/** The form, with the titles of options in place of their names. */
export class FormPage implements AsyncDisposable {
  readonly page: Page

  /** Opens the form of a new destination, or of the configuration that Airbyte has stored. */
  static async open(browser: Browser, stored: object = {}): Promise<FormPage> {
    const page = await browser.newPage({ viewport: { width: 680, height: 800 } })
    page.setDefaultTimeout(20_000)
    const style = readFileSync(join(HERE, 'page/form.css'), 'utf8')
    await page.setContent(`<style>${style}</style><main></main>`)
    await page.addScriptTag({
      content: `window.specification = ${SPECIFICATION}; window.stored = ${JSON.stringify(stored)}`,
    })
    await page.addScriptTag({ content: await script() })
    await page.getByRole('heading').first().waitFor()
    return new FormPage(page)
  }

  private constructor(page: Page) {
    this.page = page
  }

  card(title: string): Locator {
    return this.page.locator('section.card', {
      has: this.page.getByRole('heading', { name: title, exact: true }),
    })
  }

  field(title: string, part: Page | Locator = this.page): Locator {
    return part.getByLabel(title, { exact: true })
  }

  /** Unfolds all optional fields of a part of the form. */
  async unfold(part: Locator): Promise<void> {
    const folded = part.locator('details:not([open]) > summary:visible')
    while ((await folded.count()) > 0) await folded.first().click()
  }

  /** The entry of a list whose fields include one with this title. */
  entry(title: string, index: number): Locator {
    return this.page.locator('.item', { has: this.field(title) }).nth(index)
  }

  /** Types into a text field, chooses from a list, or ticks a box. */
  async set(title: string, value: string | true, part?: Locator): Promise<void> {
    const field = this.field(title, part)
    if (value === true) await field.check()
    else if ((await field.evaluate(({ tagName }) => tagName)) === 'SELECT')
      await field.selectOption({ label: value })
    else await field.fill(value)
  }

  /** Submits the form and returns what it sends; fails with the errors that the form shows. */
  async submit(): Promise<Record<string, unknown>> {
    await this.page.getByRole('button', { name: 'Set up destination' }).click()
    const errors = await this.page.locator('.error').allTextContents()
    if (errors.length > 0) throw new Error(`The form shows: ${errors.join('; ')}`)
    return this.page.evaluate('window.sent')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.page.close()
  }
}

/** Starts the Chromium that `CHROMIUM` names, which `.ci/form.sh` sets. */
export function startBrowser(): Promise<Browser> {
  const executablePath = process.env['CHROMIUM']
  if (executablePath === undefined)
    throw new Error('Set CHROMIUM to the path of Chromium, or run .ci/form.sh.')
  return chromium.launch({ executablePath, args: ['--no-sandbox'] })
}

let bundled: Promise<string> | undefined

function script(): Promise<string> {
  return (bundled ??= bundle())
}

async function bundle(): Promise<string> {
  const { output } = await build({
    input: join(HERE, 'page/form.tsx'),
    write: false,
    // React's directives for servers mean nothing here.
    checks: { moduleLevelDirective: false },
    output: { format: 'iife', minify: true },
    transform: { define: { 'process.env.NODE_ENV': '"production"' } },
  })
  return output[0].code
}

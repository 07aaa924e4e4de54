// What readers rely on in the pages: links that lead somewhere, options that exist, no feature denied, plain words.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..')

interface Page {
  path: string
  text: string
}

const pages: Page[] = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', 'bench/README.md']
  .concat(filesBelow('docs'), filesBelow('examples'))
  .filter((path) => path.endsWith('.md'))
  .map((path) => ({ path, text: read(path) }))

const forUsers = pages.filter(({ path }) => /^(README\.md|docs\/|examples\/)/.test(path))

describe.each(pages)('$path', ({ path, text }) => {
  it('has no link to a page, file or heading that does not exist', () => {
    const links = [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!)
    const internal = links.filter((link) => !/^[a-z]+:/.test(link))
    expect(internal.filter((link) => !leadsSomewhere(path, link))).toEqual([])
  })
})

describe.each(forUsers)('$path', ({ path, text }) => {
  it('denies no feature', () => {
    expect(text).not.toMatch(/\bnot\b[^.|\n]{0,30}\byet\b|\b(is|are) not supported\b/i)
  })

  // The page about the connector's own keys lists their fields.
  if (path !== 'docs/keys.md')
    it('names only options that spec.json has', () => {
      expect(optionsIn(text).filter((name) => !isKnown(name, path))).toEqual([])
    })

  it('uses the words of the glossary', () => {
    const retired = /\b(lanes?|shipments?|slabs?|heirs?|namesakes?|verdicts?|last words?|dialects?)\b/i
    expect(text).not.toMatch(retired)
  })
})

describe('docs/architecture.md', () => {
  const architecture = read('docs/architecture.md')

  it.each(rooms())('has a sentence about the room %s', (room) => {
    expect(architecture).toMatch(new RegExp(`^- \`${room}\` knows [^\n]+;[^\n]+\\.$`, 'm'))
  })
})

describe('docs/decisions/README.md', () => {
  const overview = read('docs/decisions/README.md')
  const decisions = readdirSync(join(root, 'docs/decisions')).filter((file) => /^\d/.test(file))

  it('lists every decision, numbered without gaps', () => {
    expect(decisions.map((file) => Number(file.slice(0, 4)))).toEqual(decisions.map((_, at) => at + 1))
    for (const file of decisions) expect(overview).toContain(`](${file})`)
  })

  it.each(decisions)('%s says what was decided, why, what was rejected and what was measured', (file) => {
    const page = read(`docs/decisions/${file}`)
    for (const part of ['Decision', 'Why', 'Measured', 'Rejected', 'Consequences'])
      expect(page).toContain(`**${part}.**`)
  })
})

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

function filesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
}

/** Returns `area/room` for every folder of sources two levels below src. */
function rooms(): string[] {
  return folders('src').flatMap((area) => folders(`src/${area}`).map((room) => `${area}/${room}`))
}

function folders(path: string): string[] {
  return readdirSync(join(root, path), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
}

function withoutCode(text: string): string {
  return text.replaceAll(/^```.*?^```$/gms, '').replaceAll(/`[^`\n]*`/g, '`')
}

function leadsSomewhere(from: string, link: string): boolean {
  const [path = '', heading] = link.split('#')
  const target = path === '' ? from : join(dirname(from), path)
  if (!existsSync(join(root, target))) return false
  return heading === undefined || anchorsOf(read(target)).includes(heading)
}

/** Returns the anchors that hosts of Markdown make of headings. */
function anchorsOf(text: string): string[] {
  const headings = [...text.replaceAll(/^```.*?^```$/gms, '').matchAll(/^#+ (.*)$/gm)].map(
    ([, title]) => title!,
  )
  return headings.map((title) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  )
}

/** Returns what looks like an option: a name with an underscore in code, alone or as a JSON member. */
function optionsIn(text: string): string[] {
  const spans = [...text.replaceAll(/^```.*?^```$/gms, '').matchAll(/`([^`\n]+)`/g)].map(([, code]) => code!)
  const alone = spans.filter((code) => /^[a-z]+(_[a-z]+)+$/.test(code))
  const members = spans.flatMap((code) => [...code.matchAll(/"([a-z_]+)":/g)].map(([, name]) => name!))
  const configurations = [...text.matchAll(/^```json\n(.*?)^```$/gms)].map(([, json]) => json!)
  const inBlocks = configurations
    .filter((json) => !/"type": "[A-Z]+"/.test(json))
    .flatMap((json) => [...json.matchAll(/"(\w+)":/g)].map(([, name]) => name!))
  return [...alone, ...members, ...inBlocks]
}

/** Columns, folders, and words of Airbyte and Redis that pages name beside options. */
const OTHER_NAMES = new Set(
  [
    'emitted_at generation_id minimum_generation_id sync_id destination_sync_mode sync_mode append_dedup soft_delete',
    'changes nulled_by_source config_error transient_error system_error evicted_keys integration_tests',
    'a b c id name address city type airbyte_type local_executable state_cache pending_removal',
  ].flatMap((names) => names.split(' ')),
)

const known = new Set(wordsOfSpecification(JSON.parse(read('spec/spec.json'))))

function isKnown(name: string, path: string): boolean {
  return known.has(name) || OTHER_NAMES.has(name) || name.startsWith('_a') || isInExample(name, path)
}

/** Names of properties, and the values that options may have. */
function wordsOfSpecification(node: unknown): string[] {
  if (typeof node !== 'object' || node === null) return []
  const { properties, enum: values, const: value } = node as Record<string, unknown>
  return [
    ...Object.keys(properties ?? {}),
    ...(Array.isArray(values) ? values.map(String) : []),
    ...(typeof value === 'string' ? [value] : []),
    ...Object.values(node).flatMap(wordsOfSpecification),
  ]
}

/** Whether it is a column of the example that the page is about. */
function isInExample(name: string, path: string): boolean {
  const folder = /^examples\/[\w-]+/.exec(path)?.[0]
  if (folder === undefined || !existsSync(join(root, folder, 'catalog.json'))) return false
  const data = readdirSync(join(root, folder)).filter((file) => file !== 'README.md')
  return data.some((file) => read(join(folder, file)).includes(name))
}

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { expect, test } from 'vitest'
import { parse } from 'yaml'

type Metadata = { data: { dockerRepository: string; dockerImageTag: string; icon: string } }
type Manifest = { version: string; packages?: Record<string, { version: string }> }

const metadata: Metadata = parse(readRoot('metadata.yaml'))

test('metadata.yaml satisfies the schema of Airbyte', () => {
  const validate = compileSchema()

  expect(validate(metadata) || validate.errors).toBe(true)
})

test('the schema refuses a property that Airbyte does not know', () => {
  const validate = compileSchema()

  expect(validate({ ...metadata, data: { ...metadata.data, supportsMiracles: true } })).toBe(false)
})

test('package.json, its lockfile, metadata.yaml and the image carry one version', () => {
  const { version }: Manifest = JSON.parse(readRoot('package.json'))
  const lockfile: Manifest = JSON.parse(readRoot('package-lock.json'))

  expect(metadata.data.dockerImageTag).toBe(version)
  expect(lockfile.version).toBe(version)
  expect(lockfile.packages?.['']?.version).toBe(version)
  expect(readRoot('Dockerfile')).toContain(`\nARG VERSION=${version}\n`)
})

test('the image is named as the metadata names it', () => {
  expect(readRoot('Dockerfile')).toContain(`io.airbyte.name="${metadata.data.dockerRepository}"`)
})

test('the icon of the metadata is there', () => {
  expect(readRoot(metadata.data.icon)).toMatch(/^<svg /)
})

function compileSchema() {
  const ajv = new Ajv({
    formats: {
      uuid: /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i,
      uri: (text: string) => URL.canParse(text),
      date: isDate,
      'date-time': isDate,
    },
  })
  return ajv.compile(readSchema())
}

// Airbyte's bundler leaves the `$id` of every inlined part, which turns the references away from this document,
// and one `type` that names no JSON type. Validators that follow the standard need both gone.
function readSchema(): object {
  const text = readFileSync(join(import.meta.dirname, 'ConnectorMetadataDefinitionV0.json'), 'utf8')
  return JSON.parse(text, (name, value: unknown) => {
    const isLeftover =
      name === '$id' || name === '$schema' || (name === 'type' && value === 'ConnectorMetric')
    return isLeftover ? undefined : value
  })
}

function isDate(text: string): boolean {
  return !Number.isNaN(Date.parse(text))
}

function readRoot(path: string): string {
  return readFileSync(join(import.meta.dirname, '../..', path), 'utf8')
}

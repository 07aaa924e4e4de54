/** Options that are one of several objects, which a property with a fixed value distinguishes. */
import type { Schema } from './specification.ts'

export interface SchemaVariant {
  /** The property that distinguishes the variants, and its values. */
  readonly discriminator: string
  readonly names: readonly unknown[]
  /** The schema of the variant that a value belongs to; undefined where it belongs to none. */
  readonly schema: Schema | undefined
}

/** Returns undefined for a schema without variants. */
export function schemaVariantOf({ oneOf }: Schema, value: unknown): SchemaVariant | undefined {
  if (oneOf === undefined) return undefined
  const discriminator = discriminatorOf(oneOf)
  const nameOf = (variant: Schema): unknown => variant.properties?.[discriminator]?.const
  const name: unknown = Object(value)[discriminator]
  return {
    discriminator,
    names: oneOf.map(nameOf),
    schema: oneOf.find((variant) => nameOf(variant) === name),
  }
}

/** Returns the properties that a value may have: those of its variant, if there are variants. */
export function propertiesFor(schema: Schema, value: unknown): Record<string, Schema> | undefined {
  return (schemaVariantOf(schema, value)?.schema ?? schema).properties
}

function discriminatorOf(variants: readonly Schema[]): string {
  const [name = ''] =
    Object.entries(variants[0]?.properties ?? {}).find(([, property]) => 'const' in property) ?? []
  return name
}

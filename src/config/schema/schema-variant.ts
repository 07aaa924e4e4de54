/** Options that are one of several objects, which a property with a fixed value distinguishes. */
import type { Schema } from './specification.ts'

/**
 * Returns the schema of the variant that a value belongs to, so that only problems of that variant are reported. Where
 * no variant matches, returns a schema that lists the variants. Returns a schema without variants unchanged.
 */
export function schemaVariantFor(schema: Schema, value: unknown): Schema {
  const { oneOf, ...rest } = schema
  if (oneOf === undefined) return schema
  const discriminator = discriminatorOf(oneOf)
  const nameOf = (variant: Schema): unknown => variant.properties?.[discriminator]?.const
  const name: unknown = Object(value)[discriminator]
  const variant = oneOf.find((candidate) => nameOf(candidate) === name)
  if (variant !== undefined)
    return { ...rest, ...variant, advice: `set it, because ${discriminator} ${String(name)} requires it` }
  const names = oneOf.map(nameOf)
  return {
    ...rest,
    required: [discriminator],
    properties: { [discriminator]: { enum: names } },
    advice: `use one of ${names.join(', ')}`,
  }
}

/** Returns the property that has another fixed value in each variant. */
export function discriminatorOf(variants: readonly Schema[]): string {
  const [name = ''] =
    Object.entries(variants[0]?.properties ?? {}).find(([, property]) => 'const' in property) ?? []
  return name
}

/** Options that are one of several objects, which a property with a fixed value tells apart. */
import type { Schema } from './specification.ts'

/**
 * The schema of the variant that a value is, so that only what is wrong with that one is reported; where it is none of
 * them, a schema that says which there are. Any other schema as it is.
 */
export function variantFor(schema: Schema, value: unknown): Schema {
  const { oneOf, ...rest } = schema
  if (oneOf === undefined) return schema
  const discriminator = discriminatorOf(oneOf)
  const named = (variant: Schema): unknown => variant.properties?.[discriminator]?.const
  const chosen: unknown = Object(value)[discriminator]
  const variant = oneOf.find((candidate) => named(candidate) === chosen)
  if (variant !== undefined)
    return { ...rest, ...variant, advice: `give it, as ${discriminator} ${String(chosen)} needs it` }
  const names = oneOf.map(named)
  return {
    ...rest,
    required: [discriminator],
    properties: { [discriminator]: { enum: names } },
    advice: `use one of ${names.join(', ')}`,
  }
}

function discriminatorOf(variants: readonly Schema[]): string {
  const [name = ''] =
    Object.entries(variants[0]?.properties ?? {}).find(([, property]) => 'const' in property) ?? []
  return name
}

// Measures the rows of a table; a row that fails must not lose the figures of the others.
import { reasonFor } from '../left-out.ts'

export async function measureEach<Item, Row>(
  items: readonly Item[],
  nameOf: (item: Item) => string,
  measure: (item: Item) => Promise<Row>,
): Promise<{ rows: Row[]; leftOut: string[] }> {
  const rows: Row[] = []
  const leftOut: string[] = []
  for (const item of items) {
    const name = nameOf(item)
    console.error(name)
    try {
      rows.push(await measure(item))
    } catch (error) {
      leftOut.push(`${name} is left out: ${reasonFor(error)}`)
    }
  }
  return { rows, leftOut }
}

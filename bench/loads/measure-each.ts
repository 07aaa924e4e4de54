// Measures the rows of a table; a row that fails must not lose the figures of the others.
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
      console.error(error)
      process.exitCode = 1
      leftOut.push(`${name} is left out: ${reasonOf(error)}`)
    }
  }
  return { rows, leftOut }
}

/** Returns the beginning of an error's message, which may have the output of a process in it. */
export function reasonOf(error: unknown): string {
  const [line = ''] = (error instanceof Error ? error.message : String(error)).trim().split('\n')
  return line.length > 200 ? `${line.slice(0, 200)} …` : line
}

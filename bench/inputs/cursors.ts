// Cursor columns, as JSON; they rise from record to record.
export type Cursor = { name: string; value: (index: number) => string }

export const timestamp: Cursor = {
  name: 'ISO timestamp',
  value: (index) => `"${new Date(firstUpdate + index * 1000).toISOString().replace('Z', '000Z')}"`,
}

export const integer: Cursor = { name: 'integer', value: (index) => String(100_000_000 + index) }

const firstUpdate = Date.UTC(2024, 0, 1)

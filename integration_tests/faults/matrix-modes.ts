// The sync modes of the fault matrix: the catalog of a run, and which records are the content behind it.
import type { CatalogStream } from '../support/messages.ts'

export type ModeName = 'append' | 'overwrite' | 'append_dedup' | 'update' | 'soft_delete' | 'refresh'

export interface MatrixMode {
  name: ModeName
  /** Whether the run removes the older records. */
  replaces: boolean
  /** The mode of the run before, which writes the older records. */
  first: Partial<CatalogStream>
  stream: Partial<CatalogStream>
}

const FIRST = { generation: 1, minimumGeneration: 0, syncId: 11 }
const APPENDED = { generation: 1, minimumGeneration: 0, syncId: 12 }
const REPLACED = { generation: 2, minimumGeneration: 2, syncId: 12 }

export const MODES: readonly MatrixMode[] = [
  {
    name: 'append',
    replaces: false,
    first: { mode: 'append', ...FIRST },
    stream: { mode: 'append', ...APPENDED },
  },
  {
    name: 'overwrite',
    replaces: true,
    first: { mode: 'overwrite', ...FIRST, minimumGeneration: 1 },
    stream: { mode: 'overwrite', ...REPLACED },
  },
  {
    name: 'append_dedup',
    replaces: false,
    first: { mode: 'append_dedup', cursor: ['v'], ...FIRST },
    stream: { mode: 'append_dedup', cursor: ['v'], ...APPENDED },
  },
  {
    name: 'update',
    replaces: false,
    first: { mode: 'append', ...FIRST },
    stream: { mode: 'update', ...APPENDED },
  },
  {
    name: 'soft_delete',
    replaces: false,
    first: { mode: 'append', ...FIRST },
    stream: { mode: 'soft_delete', ...APPENDED },
  },
  {
    name: 'refresh',
    replaces: true,
    first: { mode: 'append', ...FIRST, minimumGeneration: 1 },
    stream: { mode: 'append', ...REPLACED },
  },
]

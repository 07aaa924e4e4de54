/**
 * The leaves of a record (columns with a value of their own, and with null if that is asked for) under their joined names, such as `address.city`. The
 * records of a stream have similar columns, so that joined names are built for the first record and then only compared.
 */
import { ColumnKind, type Columns } from './columns.ts'

/** The number of expected columns that may be missing before the column at hand counts as a new one. */
const MOST_MISSING = 8
const MISSING = -1

/** A limit, as a few bytes of deeply nested objects could expand to names of gigabytes. */
const MOST_JOINED = 1 << 26

/** The bytes of names that are kept in addition to twice the names of one record. */
const SPARE = 1 << 18

/** The approximate memory of one name in the tree of names. */
const NAME_SIZE = 256

/** A node in the tree of names. Columns with the same joined name have the same node. */
interface NameNode {
  readonly parent: NameNode | undefined
  /** One name between dots: UTF-8 bytes, one character for each byte. */
  readonly name: string
  /** The size of the joined name. */
  readonly size: number
  children: Map<string, NameNode> | undefined
  /** The joined name; built for leaves only. */
  joined: Buffer | undefined
  /** The index of the last column of the current record that has this name. */
  last: number
}

/** A column, leaf or not, of an earlier record. */
interface ExpectedColumn {
  readonly parent: NameNode
  /** The name in the text, with its escapes. */
  readonly name: Buffer
  readonly node: NameNode
}

/** Each stream has its own, as it compares a record with the earlier ones. */
export class FlattenedColumns {
  /** The names and rows of the leaves that the last `read` found, in the order of the text; the rest is outdated. */
  readonly names: Buffer[] = []
  readonly rows: number[] = []
  readonly #prefix: string
  readonly #transform: (name: Buffer) => Buffer
  readonly #includesNull: boolean
  /** Columns that are not overridden, in the order of the text, and their rows in the current record. */
  #expected: readonly ExpectedColumn[] = []
  readonly #expectedRows: number[] = []
  /** The names of the objects around the current column, from the outermost. */
  readonly #ancestors: NameNode[] = [newNode(undefined, '')]
  /** The approximate number of bytes that are kept, and its limit. */
  #kept = 0
  #keptLimit = SPARE
  #joined = 0

  /**
   * `prefix`: a name in front of those of the record. `transform`: changes a joined name before it is kept.
   * `includesNull`: whether columns that are null are leaves.
   */
  constructor(prefix?: string, transform: (name: Buffer) => Buffer = (name) => name, includesNull = false) {
    this.#includesNull = includesNull
    this.#prefix = prefix === undefined ? '' : `${Buffer.from(prefix).toString('latin1')}.`
    this.#transform = transform
  }

  /**
   * Finds the leaves of the object in row `root`, or of the whole record, and returns their number. Empty
   * objects are not leaves, and neither is null if it is not included. Of several columns with the same joined name only the last counts, leaf or not.
   */
  read(columns: Columns, root?: number): number {
    const isFull = this.#kept > this.#keptLimit
    if (isFull) this.#clear()
    const passed =
      root === undefined
        ? this.#match(columns, 0, columns.count)
        : this.#match(columns, root + 1, columns.next(root))
    const count = this.#collectLeaves(columns, passed)
    if (isFull) this.#keptLimit = 2 * this.#kept + SPARE
    return count
  }

  /** Sets the rows of expected columns and inserts new ones. Returns how many were passed, missing ones included. */
  #match(columns: Columns, first: number, end: number): number {
    const expected = this.#expected
    const rows = this.#expectedRows
    const ancestors = this.#ancestors
    const top = first < end ? columns.depth(first) : 0
    // A copy, made at the first new column.
    let changed: ExpectedColumn[] | undefined
    let next = 0
    let passed = 0
    for (let row = first; row < end;) {
      if (columns.isOverridden(row)) {
        row = columns.next(row)
        continue
      }
      const depth = columns.depth(row) - top
      const parent = ancestors[depth]!
      const found = this.#find(columns, row, parent, next)
      for (; next < found; next++) {
        changed?.push(expected[next]!)
        rows[passed++] = MISSING
      }
      let column = expected[next]!
      if (found === -1) {
        column = this.#newColumn(columns, row, parent)
        changed ??= expected.slice(0, next)
      } else next++
      changed?.push(column)
      ancestors[depth + 1] = column.node
      column.node.last = passed
      rows[passed++] = row++
    }
    if (changed !== undefined) this.#expected = changed.concat(expected.slice(next))
    return passed
  }

  /** Finds a column among the expected ones, from `next` on and not far. */
  #find(columns: Columns, row: number, parent: NameNode, next: number): number {
    const end = Math.min(this.#expected.length, next + 1 + MOST_MISSING)
    for (let index = next; index < end; index++) {
      const column = this.#expected[index]!
      if (column.parent === parent && columns.isWritten(row, column.name)) return index
    }
    return -1
  }

  /** Collects the leaves among the columns, and removes missing columns when there are too many. */
  #collectLeaves(columns: Columns, passed: number): number {
    const expected = this.#expected
    const rows = this.#expectedRows
    let count = 0
    let missing = expected.length - passed
    for (let index = 0; index < passed; index++) {
      const row = rows[index]!
      const { node } = expected[index]!
      if (row === MISSING) missing++
      else if (node.last === index && this.#isLeaf(columns, row)) {
        this.rows[count] = row
        this.names[count++] = node.joined ??= this.#join(node)
      }
    }
    this.#joined = 0
    if (missing > MOST_MISSING + expected.length / 2)
      this.#expected = expected.filter((_, index) => index < passed && rows[index] !== MISSING)
    return count
  }

  #isLeaf(columns: Columns, row: number): boolean {
    return columns.isLeaf(row) || (this.#includesNull && columns.kind(row) === ColumnKind.null)
  }

  #newColumn(columns: Columns, row: number, parent: NameNode): ExpectedColumn {
    const name = Buffer.from(columns.bytes.subarray(columns.nameStart(row), columns.nameEnd(row)))
    const unescaped = columns.nameHasEscapes(row) ? columns.name(row) : name
    let node = parent
    for (const part of unescaped.toString('latin1').split('.')) {
      node = childOf(node, part)
      this.#kept += NAME_SIZE
    }
    this.#kept += name.length
    return { parent, name, node }
  }

  #join(node: NameNode): Buffer {
    this.#joined += node.size
    if (this.#joined > MOST_JOINED) this.#refuse()
    const upwards: string[] = []
    for (let at = node; at.parent !== undefined; at = at.parent) upwards.push(at.name)
    const joined = this.#transform(Buffer.from(this.#prefix + upwards.toReversed().join('.'), 'latin1'))
    this.#kept += joined.length
    return joined
  }

  #refuse(): never {
    this.#clear()
    this.#joined = 0
    throw new RangeError('The joined names of nested columns are too large.')
  }

  #clear(): void {
    this.#expected = []
    this.#ancestors.length = this.#expectedRows.length = this.names.length = 0
    this.#ancestors[0] = newNode(undefined, '')
    this.#kept = 0
  }
}

function childOf(parent: NameNode, name: string): NameNode {
  parent.children ??= new Map()
  let node = parent.children.get(name)
  if (node === undefined) parent.children.set(name, (node = newNode(parent, name)))
  return node
}

function newNode(parent: NameNode | undefined, name: string): NameNode {
  const size = (parent?.size ?? 0) + name.length + 1
  return { parent, name, size, children: undefined, joined: undefined, last: 0 }
}

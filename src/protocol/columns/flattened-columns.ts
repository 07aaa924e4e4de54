/**
 * The leaves of a record's columns, what has a text of its own, under the names that lead to them, joined with dots.
 * As the records of a stream look alike, names are made once, and from then on only compared with those that come.
 */
import type { Columns } from './columns.ts'

/** Columns that are looked past, as they may be missing this time, when another comes than the one expected. */
const MOST_MISSING = 8
const MISSING = -1

/** Deeply nested objects can make names of gigabytes from a few bytes, in no use that is meant. */
const MOST_JOINED = 1 << 26

/** What may be kept besides twice what one record needs, in bytes, and what a step of a name takes, about. */
const SPARE = 1 << 18
const STEP_SIZE = 256

/** A joined name, as a way of one step after the other: columns of the same joined name meet at its end. */
interface Branch {
  readonly above: Branch | undefined
  /** UTF-8 bytes, a character each. */
  readonly step: string
  /** Of the joined name. */
  readonly size: number
  branches: Map<string, Branch> | undefined
  /** Made when a leaf has this name. */
  joined: Buffer | undefined
  /** The last place among the columns at hand where one has this name. */
  last: number
}

/** A column, leaf or not, that a record had. */
interface Known {
  readonly above: Branch
  /** As it stands in the text. */
  readonly name: Buffer
  readonly end: Branch
}

/** Each stream should have one of its own: what it knows is of the records before. */
export class FlattenedColumns {
  /** The names and rows of the leaves that the last `read` found, in the order of the text; more may stand behind. */
  readonly names: Buffer[] = []
  readonly rows: number[] = []
  readonly #prefix: string
  readonly #form: (name: Buffer) => Buffer
  /** Columns that are not overridden, in the order of the text, and in which rows they are this time. */
  #known: readonly Known[] = []
  readonly #rowsOfKnown: number[] = []
  /** The names of the objects around the column at hand, from the outermost. */
  readonly #around: Branch[] = [newBranch(undefined, '')]
  /** About how many bytes are kept, and how many may be. */
  #kept = 0
  #most = SPARE
  #joined = 0

  /** `prefix`: a name above those of the record. `form`: what to make of a joined name, before it is kept. */
  constructor(prefix?: string, form: (name: Buffer) => Buffer = (name) => name) {
    this.#prefix = prefix === undefined ? '' : `${Buffer.from(prefix).toString('latin1')}.`
    this.#form = form
  }

  /**
   * Finds the leaves of the object in row `root`, or of the whole record; gives how many. Null and empty objects are
   * none. Of columns that have the same joined name only the last counts, whatever it is.
   */
  read(columns: Columns, root?: number): number {
    const isFull = this.#kept > this.#most
    if (isFull) this.#forget()
    const places =
      root === undefined
        ? this.#recognize(columns, 0, columns.count)
        : this.#recognize(columns, root + 1, columns.next(root))
    const count = this.#choose(columns, places)
    if (isFull) this.#most = 2 * this.#kept + SPARE
    return count
  }

  /** Notes the rows of known columns, and puts new ones in between. Gives how many were passed, missing ones, too. */
  #recognize(columns: Columns, first: number, end: number): number {
    const before = this.#known
    const rows = this.#rowsOfKnown
    const around = this.#around
    const top = first < end ? columns.depth(first) : 0
    // A copy as soon as there is a new column.
    let known: Known[] | undefined
    let next = 0
    let place = 0
    for (let row = first; row < end;) {
      if (columns.isOverridden(row)) {
        row = columns.next(row)
        continue
      }
      const depth = columns.depth(row) - top
      const above = around[depth]!
      const found = this.#find(columns, row, above, next)
      for (; next < found; next++) {
        known?.push(before[next]!)
        rows[place++] = MISSING
      }
      let column = before[next]!
      if (found === -1) {
        column = this.#newColumn(columns, row, above)
        known ??= before.slice(0, next)
      } else next++
      known?.push(column)
      around[depth + 1] = column.end
      column.end.last = place
      rows[place++] = row++
    }
    if (known !== undefined) this.#known = known.concat(before.slice(next))
    return place
  }

  /** Finds a column among what is known, from `next` on and not far. */
  #find(columns: Columns, row: number, above: Branch, next: number): number {
    const end = Math.min(this.#known.length, next + 1 + MOST_MISSING)
    for (let place = next; place < end; place++) {
      const known = this.#known[place]!
      if (known.above === above && columns.isWritten(row, known.name)) return place
    }
    return -1
  }

  /** Gives out the leaves among the columns, and forgets missing ones when they are too many. */
  #choose(columns: Columns, places: number): number {
    const known = this.#known
    const rows = this.#rowsOfKnown
    let count = 0
    let missing = known.length - places
    for (let place = 0; place < places; place++) {
      const row = rows[place]!
      const { end } = known[place]!
      if (row === MISSING) missing++
      else if (columns.isLeaf(row) && end.last === place) {
        this.rows[count] = row
        this.names[count++] = end.joined ??= this.#join(end)
      }
    }
    this.#joined = 0
    if (missing > MOST_MISSING + known.length / 2)
      this.#known = known.filter((_, place) => place < places && rows[place] !== MISSING)
    return count
  }

  #newColumn(columns: Columns, row: number, above: Branch): Known {
    const name = Buffer.from(columns.bytes.subarray(columns.nameStart(row), columns.nameEnd(row)))
    const meant = columns.nameHasEscapes(row) ? columns.name(row) : name
    let end = above
    for (const step of meant.toString('latin1').split('.')) {
      end = branchTo(end, step)
      this.#kept += STEP_SIZE
    }
    this.#kept += name.length
    return { above, name, end }
  }

  #join(branch: Branch): Buffer {
    this.#joined += branch.size
    if (this.#joined > MOST_JOINED) this.#refuse()
    const upwards: string[] = []
    for (let at = branch; at.above !== undefined; at = at.above) upwards.push(at.step)
    const joined = this.#form(Buffer.from(this.#prefix + upwards.toReversed().join('.'), 'latin1'))
    this.#kept += joined.length
    return joined
  }

  #refuse(): never {
    this.#forget()
    this.#joined = 0
    throw new RangeError('The joined names of nested columns are too large.')
  }

  #forget(): void {
    this.#known = []
    this.#around.length = this.#rowsOfKnown.length = this.names.length = 0
    this.#around[0] = newBranch(undefined, '')
    this.#kept = 0
  }
}

function branchTo(above: Branch, step: string): Branch {
  above.branches ??= new Map()
  let branch = above.branches.get(step)
  if (branch === undefined) above.branches.set(step, (branch = newBranch(above, step)))
  return branch
}

function newBranch(above: Branch | undefined, step: string): Branch {
  const size = (above?.size ?? 0) + step.length + 1
  return { above, step, size, branches: undefined, joined: undefined, last: 0 }
}

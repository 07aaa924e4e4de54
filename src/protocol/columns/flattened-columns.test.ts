import { describe, expect, it } from 'vitest'
import { caseCount } from '../../case-count.support.ts'
import { Columns, compilePath } from './columns.ts'
import { FlattenedColumns } from './flattened-columns.ts'
import { Scanner } from '../scanner/scanner.ts'

describe('the leaves of a record', () => {
  it.each([
    ['{"a":1,"b":"x","c":[{"d":1}],"e":true,"f":false}', 'a=1 b="x" c=[{"d":1}] e=true f=false'],
    ['{"a":{"b":{"c":1},"d":2},"e":3}', 'a.b.c=1 a.d=2 e=3'],
    ['{"a":null,"b":{},"c":{"d":null,"e":{}},"f":"","g":[]}', 'f="" g=[]'],
    ['{"":1,"a":{"":2,"b":{"":3}}}', '=1 a.=2 a.b.=3'],
    ['{"\\u0061":{"\\n€":1}}', 'a.\n€=1'],
    ['{"\\ud83d":1}', '\ufffd=1'],
    ['{}', ''],
  ])('of %s are %s', (text, expected) => {
    expect(leavesIn(text)).toBe(expected)
  })

  it.each([
    ['{"a":1,"a":2}', 'a=2'],
    ['{"a":{"b":1,"c":2},"a":{"b":3}}', 'a.b=3'],
    ['{"a":{"b":1},"a":null}', ''],
    ['{"a":{"b":1},"x":0,"a":{"b":{"c":1}}}', 'x=0 a.b.c=1'],
  ])('of %s, where a name comes again, are %s', (text, expected) => {
    expect(leavesIn(text)).toBe(expected)
  })

  it.each([
    ['{"a.b":1,"a":{"c":2}}', 'a.b=1 a.c=2'],
    ['{"a.b":1,"a":{"b":2}}', 'a.b=2'],
    ['{"a":{"b":2},"x":0,"a.b":1}', 'x=0 a.b=1'],
    ['{"a.b":1,"a":{"b":null}}', ''],
    ['{"a.b":1,"a":{"b":{}}}', ''],
    ['{"a.b":1,"a":{"b":{"c":2}}}', 'a.b.c=2'],
    ['{"a":{"b":{"c":2}},"a.b":1}', 'a.b.c=2 a.b=1'],
    ['{"a.b":null,"a":{"b":2}}', 'a.b=2'],
    ['{"a.b.c":1,"a.b":{"c":2},"a":{"b.c":3,"b":{"c":4}}}', 'a.b.c=4'],
    ['{"\\ud83d":1,"\ufffd":2}', '\ufffd=2'],
  ])('of %s, where names are the same once they are joined, are %s', (text, expected) => {
    expect(leavesIn(text)).toBe(expected)
  })

  it('of an object in it are named from there', () => {
    const columns = columnsOf('{"x":1,"a":{"b":{"c":{"d":1}},"e.f":2,"e":{"f":3}},"b":{"c":4}}')
    const namesUnder = (path: string): string =>
      leavesOf(new FlattenedColumns(), columns, columns.find(compilePath(path)))
    expect(namesUnder('a')).toBe('b.c.d=1 e.f=3')
    expect(namesUnder('a.b')).toBe('c.d=1')
    expect(namesUnder('a.b.c.d')).toBe('')
    expect(namesUnder('x')).toBe('')
  })

  it('may have another name above their own, and be given in another form', () => {
    const columns = columnsOf('{"x":1,"a":{"b":{"c":1},"ü":2}}')
    const leaves = new FlattenedColumns('€', (name) => Buffer.from(`<${name.toString()}>`))
    expect(leavesOf(leaves, columns, 1)).toBe('<€.b.c>=1 <€.ü>=2')
    expect(leavesOf(new FlattenedColumns(''), columns)).toBe('.x=1 .a.b.c=1 .a.ü=2')
  })
})

describe('records one after the other', () => {
  const texts = [
    '{"a":1,"b":{"c":2,"d":3},"e":4}',
    '{"a":1,"b":{"d":3},"e":4}',
    '{"a":null,"b":{"c":{},"d":3},"e":[]}',
    '{"e":4,"b":{"d":3,"c":2},"a":1}',
    '{"a":1,"b":{"c":2},"d":3,"e":4}',
    '{"a":{"c":2,"d":3},"b":1}',
    '{"b":1}',
    '{"a":{"a":{"a":{"a":1}}}}',
    '{"b.c":1,"b":{"d":2}}',
    '{"b.c":1,"b":{"c":2}}',
    '{"b":{"c":2},"b.c":1}',
    '{"b":{"c":2},"b":{"d":1}}',
    '{"\\u0061":1}',
    '{"a":1,"n1":1,"n2":2,"n3":3,"n4":4,"n5":5,"n6":6,"n7":7,"n8":8,"n9":9,"b":{"c":2}}',
    '{}',
  ]

  it('have the leaves that each has alone', () => {
    const alone = new Map(texts.map((text) => [text, leavesIn(text)]))
    const scanner = new Scanner(256)
    for (const first of texts)
      for (const second of texts) {
        const leaves = new FlattenedColumns()
        for (const text of [first, second, first, first, second])
          expect(leavesOf(leaves, columnsOf(text, scanner)), `${first}, ${second}`).toBe(alone.get(text))
      }
  })

  it('get the same names, also where some come and go', () => {
    const leaves = new FlattenedColumns()
    const names = (text: string): Buffer[] => leaves.names.slice(0, leaves.read(columnsOf(text)))
    const [a, c, d, e] = names('{"a":1,"b":{"c":1,"d.d":1},"e":1}')
    for (const text of ['{"a":9,"b":{"c":8,"d.d":7},"e":6}', '{"a":9,"b":{"c":8,"d":{"d":7}},"e":6}']) {
      const [first, second, third, fourth] = names(text)
      expect([first === a, second === c, third === d, fourth === e]).toEqual([true, true, true, true])
      const [some, others] = [names('{"b":{"d.d":2},"e":3}'), names('{"a":null,"x":1,"b":{"d.d":2}}')]
      expect([some[0] === d, some[1] === e, others[1] === d]).toEqual([true, true, true])
    }
  })

  it('do not fill the memory with names that never come again: all are forgotten once in a while', () => {
    const leaves = new FlattenedColumns()
    const names = new Set<Buffer>()
    const scanner = new Scanner(64)
    for (let record = 0; record < caseCount(3_000, 10_000); record++) {
      const columns = columnsOf(`{"id":1,"name ${record}":2}`, scanner)
      expect(leavesOf(leaves, columns)).toBe(`id=1 name ${record}=2`)
      names.add(leaves.names[0]!)
    }
    expect(names.size).toBeGreaterThan(1)
    expect(names.size).toBeLessThan(100)
  })

  it('have as many leaves as come, and fewer afterwards', () => {
    const leaves = new FlattenedColumns()
    const many = caseCount(20_000, 100_000)
    for (const count of [many, 3, many, many, 0, 5_000]) {
      const text = `{${Array.from({ length: count }, (_, index) => `"c.${index}":${index}`).join(',')}}`
      const columns = columnsOf(text)
      expect(leaves.read(columns)).toBe(count)
      for (let leaf = 0; leaf < count; leaf++)
        if (leaves.rows[leaf] !== leaf || leaves.names[leaf]!.toString() !== `c.${leaf}`)
          expect.fail(`leaf ${leaf} of ${count}`)
    }
  })
})

describe('objects in objects', () => {
  it('may be as deep as a message allows', () => {
    const levels = caseCount(15_000, 60_000)
    const columns = columnsOf(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`)
    expect(new FlattenedColumns().read(columns)).toBe(1)
  })

  it('are refused if their names become far larger than the record, and are forgotten', () => {
    const leaves = new FlattenedColumns()
    const [name, levels] = ['a'.repeat(100), 1_500]
    const columns = columnsOf(`${`{"${name}":`.repeat(levels)}1${',"b":1}'.repeat(levels - 1)}}`)
    expect(() => leaves.read(columns)).toThrow(RangeError)
    const text = `{"${name}":{"${name}":{"b":1}}}`
    expect(leavesOf(leaves, columnsOf(text))).toBe(`${name}.${name}.b=1`)
  })
})

function leavesIn(text: string): string {
  return leavesOf(new FlattenedColumns(), columnsOf(text))
}

function leavesOf(leaves: FlattenedColumns, columns: Columns, root?: number): string {
  const count = leaves.read(columns, root)
  return leaves.rows
    .slice(0, count)
    .map((row, leaf) => {
      const value = columns.bytes.toString('utf8', columns.valueStart(row), columns.valueEnd(row))
      return `${leaves.names[leaf]!.toString()}=${value}`
    })
    .join(' ')
}

/** Returns the columns of a record, which are valid until the scanner reads another one. */
function columnsOf(text: string, scanner = new Scanner(Buffer.byteLength(text))): Columns {
  const columns = new Columns()
  columns.read(
    scanner,
    scanner.inputStart,
    scanner.inputStart + scanner.bytes.write(text, scanner.inputStart),
  )
  return columns
}

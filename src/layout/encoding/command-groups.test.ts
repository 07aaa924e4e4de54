import { ALL_CAPABILITIES } from '../../redis/commands/capabilities.ts'
import { describe, expect, it } from 'vitest'
import { NO_GROUP, CommandGroups } from './command-groups.ts'

describe('commands of one record each', () => {
  it('write the group of their own number, and there is none behind them', () => {
    const out = new CommandGroups(Buffer.alloc(0), ALL_CAPABILITIES)
    put(out, 1_030, () => true)
    expect(groupsOf(out, 1_032)).toEqual([...numbers(1_030), NO_GROUP, NO_GROUP])
  })

  it.each([0, 1, 5, 1_022, 1_023, 1_024, 1_025])(
    'may have one behind them that writes none, after %i',
    (count) => {
      const out = new CommandGroups(Buffer.alloc(0), ALL_CAPABILITIES)
      put(out, count, () => true)
      out.command('EXEC')
      expect(groupsOf(out, count + 2)).toEqual([...numbers(count), NO_GROUP, NO_GROUP])
      expect(put(out, 2, () => true)).toEqual([count, count + 1])
      const behind = [NO_GROUP, count, count + 1, NO_GROUP]
      expect(groupsOf(out, count + 4)).toEqual([...numbers(count), ...behind])
    },
  )
})

describe('commands of which not all write records', () => {
  it('are told apart', () => {
    const out = new CommandGroups(Buffer.alloc(0), ALL_CAPABILITIES)
    const groups = put(out, 5_000, (command) => command % 3 === 1)
    expect(groupsOf(out, 5_000)).toEqual(groups)
    expect(groups.slice(0, 6)).toEqual([NO_GROUP, 0, NO_GROUP, NO_GROUP, 1, NO_GROUP])
  })

  it('may write a group that was begun before another', () => {
    const out = new CommandGroups(Buffer.alloc(0), ALL_CAPABILITIES)
    const [first, second] = [out.newGroup(), out.newGroup()]
    for (const group of [second, first]) {
      out.command('PING')
      out.writes(group)
    }
    expect(groupsOf(out, 2)).toEqual([1, 0])
  })

  it('are told apart even where the group has the number of its command by chance', () => {
    const out = new CommandGroups(Buffer.alloc(0), ALL_CAPABILITIES)
    out.newGroup()
    expect(put(out, 3, (command) => command > 0)).toEqual([NO_GROUP, 1, 2])
    expect(groupsOf(out, 4)).toEqual([NO_GROUP, 1, 2, NO_GROUP])
  })

  it('may leave out the group of a record that none wrote in the end', () => {
    const out = new CommandGroups(Buffer.alloc(0), ALL_CAPABILITIES)
    put(out, 2, () => true)
    out.newGroup()
    put(out, 2, () => true)
    expect(groupsOf(out, 5)).toEqual([0, 1, 3, 4, NO_GROUP])
  })
})

/** Puts in commands, of which some write a new group each; gives what each of them writes. */
function put(out: CommandGroups, count: number, isWriting: (command: number) => boolean): number[] {
  return Array.from({ length: count }, (_, command) => {
    const group = isWriting(command) ? out.newGroup() : NO_GROUP
    out.command('PING')
    if (group !== NO_GROUP) out.writes(group)
    return group
  })
}

function groupsOf(out: CommandGroups, count: number): number[] {
  return numbers(count).map((command) => out.groupOf(command))
}

function numbers(count: number): number[] {
  return [...Array.from({ length: count }).keys()]
}

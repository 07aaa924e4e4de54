/** Says which command each reply belongs to, without a look at the bytes of the commands. */

/** The name of a command, and how many arguments follow it. */
export interface CommandHead {
  readonly name: string
  readonly args: number
}

/** Commands that follow each other and have the same head. */
export interface CommandRun {
  readonly head: CommandHead
  count: number
}

/** Adds commands behind the others. */
export function addHead(runs: CommandRun[], head: CommandHead, count = 1): void {
  const last = runs.at(-1)
  if (last?.head === head) last.count += count
  else runs.push({ head, count })
}

// Axes of plots: where a value stands, and which values are named.
export interface Axis {
  readonly title: string
  readonly scale: 'linear' | 'logarithmic'
  /** The name of a value; by default the number. */
  readonly label?: (value: number) => string
}

export interface Tick {
  readonly value: number
  readonly label: string
}

const mostTicks = 8

/** Returns round values that enclose all of `values`; a linear axis begins at zero. */
export function ticksOf({ scale, label = named }: Axis, values: readonly number[]): Tick[] {
  const [lowest, highest] = [Math.min(...values), Math.max(...values)]
  const ticks = scale === 'linear' ? linear(highest) : logarithmic(lowest, highest)
  return ticks.map((value) => ({ value, label: label(value) }))
}

/** Returns the position of a value on an axis from `start` to `end`, on which `ticks` are the first and last values. */
export function positions(
  { scale }: Axis,
  ticks: readonly Tick[],
  [start, end]: [number, number],
): (value: number) => number {
  const at = scale === 'linear' ? (value: number) => value : Math.log
  const [from, to] = [at(ticks[0]!.value), at(ticks.at(-1)!.value)]
  return (value) => start + ((end - start) * (at(value) - from)) / (to - from)
}

function linear(highest: number): number[] {
  const step = [1, 2, 5, 10, 20]
    .map((factor) => factor * 10 ** Math.floor(Math.log10(highest / mostTicks)))
    .find((one) => highest / one <= mostTicks - 1)!
  return Array.from({ length: Math.ceil(highest / step) + 1 }, (_, index) => index * step)
}

function logarithmic(lowest: number, highest: number): number[] {
  for (const factors of [[1, 2, 5], [1]]) {
    const all = Array.from({ length: 19 }, (_, index) => index - 9).flatMap((power) =>
      factors.map((factor) => Number(`${factor}e${power}`)),
    )
    const first = all.findLastIndex((value) => value <= lowest)
    const last = all.findIndex((value) => value >= highest)
    const enclosing = all.slice(first, Math.max(last, first + 1) + 1)
    if (enclosing.length <= mostTicks || factors.length === 1) return enclosing
  }
  return []
}

function named(value: number): string {
  return Number(value.toPrecision(6)).toLocaleString('en-US')
}

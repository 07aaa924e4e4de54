// Medians, because a disturbed run says nothing.
export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

export function medianOf<Run>(runs: Run[], figure: (run: Run) => number): number {
  return median(runs.map(figure))
}

export type Spread = { median: number; lowest: number; highest: number }

/** Returns the ratio of `figure` between alternating runs, pair by pair. */
export function proportion<Run>(runs: Run[], others: Run[], figure: (run: Run) => number): Spread {
  const ratios = runs.map((run, index) => figure(run) / figure(others[index]!))
  return { median: median(ratios), lowest: Math.min(...ratios), highest: Math.max(...ratios) }
}

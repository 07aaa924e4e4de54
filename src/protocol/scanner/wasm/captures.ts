/**
 * Captured columns: those that keys and cursors are made of. While a record's data is read, it is kept where their values
 * begin, so that the columns of the record need not be found again.
 */
import { isBytes } from './json-string'

const MOST_BYTES: usize = 64
const names = memory.data(4 * 64)
const sizes = memory.data(4 * 4)
let count: i32 = 0

/** The addresses of the values in the object that is being read; 0 where a column has not been there so far. */
export const captured = memory.data(4 * 4)

/** Adds a column with a name of so many bytes, ASCII and at most 64, and returns the address for the name. */
export function captureColumn(size: usize): usize {
  const index = <usize>count
  count++
  store<u32>(sizes + (index << 2), <u32>size)
  return names + index * MOST_BYTES
}

/** Returns the number, from 1, of the column with the name between two addresses; 0 if it is none that is captured. */
export function captureOf(at: usize, end: usize): i32 {
  for (let index: i32 = 0; index < count; index++)
    if (isBytes(at, end, names + <usize>index * MOST_BYTES, load<u32>(sizes + ((<usize>index) << 2))))
      return index + 1
  return 0
}

/** Keeps the address of a column's value, in place of that of an earlier member of the same name. */
export function captureValue(capture: i32, at: usize): void {
  store<usize>(captured + ((<usize>capture - 1) << 2), at)
}

export function forgetCaptured(): void {
  v128.store(captured, i32x4.splat(0))
}

// What is left out of a report, and why.

/** Something that a measurement needs and this machine does not have; that is no failure of the bench. */
export class Missing extends Error {}

/** Returns the reason in a line; any other error is printed, and the bench ends with exit code 1. */
export function reasonFor(error: unknown): string {
  if (!(error instanceof Missing)) {
    console.error(error)
    process.exitCode = 1
  }
  // The message of an error may have the output of a process in it.
  const [line = ''] = (error instanceof Error ? error.message : String(error)).trim().split('\n')
  return line.length > 200 ? `${line.slice(0, 200)} …` : line
}

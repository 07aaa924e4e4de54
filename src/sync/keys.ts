/** The names of the connector's own keys: behind the prefix they all begin with `_airbyte:`. */

export const OWN_KEYS = '_airbyte:'

/** A hash with notes on a stream. */
export function notesKey(prefix: string, base: string): string {
  return `${prefix}${OWN_KEYS}stream:${base}`
}

/** Which of a run's transactions have been run. */
export function onceKey(prefix: string, run: string): string {
  return `${prefix}${OWN_KEYS}sent:${run}`
}

/** A Redis stream with the records that could not be written. */
export function deadLetterKey(prefix: string): string {
  return `${prefix}${OWN_KEYS}dead_letter`
}

/** What a check writes and removes again. */
export function checkKey(prefix: string, check: string): string {
  return `${prefix}${OWN_KEYS}check:${check}`
}

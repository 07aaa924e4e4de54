/** How long a server may take. */

/** Tests set this to a part of the usual limits, so that many lying servers can be tried. */
const SHARE = Number(process.env['DESTINATION_REDIS_INTERNAL_TIME_SHARE'] ?? 1)

/** Returns a limit, or the part of it that tests have set. */
export function limitMs(ms: number): number {
  return ms * SHARE
}

/** Makes the error of a server that has not answered in time, as the operating system would report it. */
export function noAnswer(): Error {
  return Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })
}

/** A server that takes longer for the next bytes of a reply counts as unreachable. */
export const REPLY_MS = limitMs(10_000)

/** Connecting and logging in together may take so long. */
export const HANDSHAKE_MS = limitMs(10_000)

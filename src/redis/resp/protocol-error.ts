/** Bytes from a server that are no reply, or not one that the command can have. */

/**
 * `not RESP`: the other side speaks another protocol. `garbled`: what follows other replies is none. `other type`: the
 * reply is one that the command never has. `too long`: the reply is longer than any that the command has. `unasked`: no
 * command is waiting for a reply. `unasked error`: the same, and it is an error, as proxies send before they close.
 */
export type ProtocolViolation =
  'not RESP' | 'garbled' | 'other type' | 'too long' | 'unasked' | 'unasked error'

/** The connection cannot be used any more, as nothing tells where the next reply begins. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError'
  readonly violation: ProtocolViolation
  /** The name of the command; undefined where no command is waiting. */
  readonly command: string | undefined

  constructor(violation: ProtocolViolation, command?: string) {
    super(`a reply is ${violation}${command === undefined ? '' : ` (${command})`}`)
    this.violation = violation
    this.command = command
  }
}

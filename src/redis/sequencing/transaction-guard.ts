/**
 * Decides whether transactions can be guarded, by running both scripts on keys of the run's own before the first
 * transaction is sent. Where they cannot, each transaction waits until the one before it is answered.
 */
import type { Log } from '../../log.ts'
import { CommandBuffer } from '../resp/command-buffer.ts'
import { EncodedCommands } from '../resp/encoded-commands.ts'
import type { WriteResult } from '../session/write-pipeline.ts'
import { addScript, CLOSE, GUARD, packed } from './encode-transaction.ts'
import type { WriteRequest } from './pipeline-request.ts'

type Send = (request: WriteRequest) => Promise<WriteResult>

export interface TransactionGuardOptions {
  /** The sequence key of the transactions. */
  readonly sequenceKey: string
  /** The start of the names for keys that are renamed. No other run uses it. */
  readonly heldKey: string
  readonly log: Log
  /**
   * Returns whether the server checks at EXEC again all that it checked for each command. Older servers do not, so the
   * scripts could fail there while the commands run.
   */
  readonly isSupported: () => boolean
}

/** How transactions that run once only are sent. */
export type GuardMode =
  | { readonly kind: 'guarded'; readonly heldKey: string }
  /** Each waits for the reply to the one before it. */
  | { readonly kind: 'one by one' }
  /** None is sent yet. */
  | { readonly kind: 'unknown' }

export const ONE_BY_ONE: GuardMode = { kind: 'one by one' }
const UNKNOWN: GuardMode = { kind: 'unknown' }

/** Never the number before a transaction. */
const NO_NUMBER = -1

/** A run that dies while it tries leaves nothing for longer. */
const TRY_MS = 60_000

export class TransactionGuard {
  readonly #options: TransactionGuardOptions
  #state: 'untried' | 'trying' | 'works' | 'fails' = 'untried'

  constructor(options: TransactionGuardOptions) {
    this.#options = options
  }

  /** Returns how transactions are sent; `tried` is called when that is known at last. */
  mode(send: Send, tried: () => void): GuardMode {
    if (this.#state === 'untried') void this.#try(send).then(tried)
    if (this.#state !== 'works') return this.#state === 'fails' ? ONE_BY_ONE : UNKNOWN
    // After a failover the server may be an older one.
    return this.#options.isSupported() ? { kind: 'guarded', heldKey: this.#options.heldKey } : ONE_BY_ONE
  }

  async #try(send: Send): Promise<void> {
    this.#state = 'trying'
    const { log, isSupported } = this.#options
    const works = isSupported() && (await this.#works(send).catch(() => false))
    this.#state = works ? 'works' : 'fails'
    if (!works)
      log(
        'INFO',
        'This Redis cannot run guarded transactions (EVAL with RENAME, from Redis 7.0 on), so for lists, Redis streams ' +
          'and dead letters each transaction waits for the reply to the one before it. This is slower over a long distance.',
      )
  }

  async #works(send: Send): Promise<boolean> {
    const { sequenceKey, heldKey } = this.#options
    const triedKey = `${heldKey}try`
    const keys = packed([Buffer.from(triedKey)])
    const out = new CommandBuffer(Buffer.allocUnsafeSlow(2_048))
    out.command('SET', triedKey, '1', 'PX', String(TRY_MS))
    addScript(out, GUARD, sequenceKey, NO_NUMBER, keys, heldKey)
    out.command('EXISTS', triedKey)
    addScript(out, CLOSE, sequenceKey, NO_NUMBER, keys, heldKey)
    out.command('DEL', triedKey)
    const commands = EncodedCommands.from(out)
    const { rejections, done } = await send({
      kind: 'write',
      commands,
      isCounted: true,
      confirmedBy: 'reply',
    })
    // The key was there, was away in between, and is there again.
    return rejections.length === 0 && done.join() === '1,0,0,0,1'
  }
}

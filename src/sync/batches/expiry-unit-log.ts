/** Logs the unit in which the numbers of an expire_at_field are read, so that a wrong one is noticed. */
import type { Log } from '../../log.ts'
import type { ExpiryUnit } from '../../config/settings/record-settings.ts'
import type { Batch } from './batch.ts'

const NAMES: Record<ExpiryUnit, string> = {
  s: 'seconds',
  ms: 'milliseconds',
  us: 'microseconds',
  ns: 'nanoseconds',
}

export class ExpiryUnitLog {
  readonly #log: Log
  readonly #logged = new Set<string>()

  constructor(log: Log) {
    this.#log = log
  }

  /** Logs each unit that the records of a batch are the first to have. */
  add(batch: Batch): void {
    for (const { plan, layout } of batch.countByStream().keys()) {
      for (const unit of layout.expiryUnits ?? []) {
        const line =
          `${plan.name}: numbers in the expire_at_field ${plan.settings.expireAtField} are read as epoch ${NAMES[unit]}. ` +
          'Set expire_at_unit if they have another unit.'
        if (this.#logged.has(line)) continue
        this.#logged.add(line)
        this.#log('INFO', line)
      }
    }
  }
}

/** Matches errors by the code of a problem, as sentences may change. */
import { expect } from 'vitest'

/** For `toThrow` and `rejects.toThrow`: an error whose first problem has this code and, where given, these params. */
export function errorWith(code: string, params?: object): unknown {
  return expect.objectContaining({
    problem: expect.objectContaining(params === undefined ? { code } : { code, params }),
  })
}

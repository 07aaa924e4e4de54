/** For tests: finds and matches errors by the codes of their problems, as sentences may change. */
import { expect } from 'vitest'
import { ConnectorError, type Problem } from './errors.ts'

export type ThrownProblem = Pick<Problem, 'code' | 'options' | 'params'> & { type: string }

/** Returns a matcher for `toThrow`: an error whose problem has this code and, if they are given, these params. */
export function errorWith(code: string, params?: object): unknown {
  return expect.objectContaining({
    problem: expect.objectContaining(params === undefined ? { code } : { code, params }),
  })
}

/** Returns the type, the code, the options and the params of the error that a call throws. */
export async function thrownBy(call: () => unknown): Promise<ThrownProblem | undefined> {
  try {
    await call()
  } catch (error) {
    return problemOf(error)
  }
  return undefined
}

/** Returns the same of an error; undefined if it has no problem. */
export function problemOf(error: unknown): ThrownProblem | undefined {
  if (!(error instanceof ConnectorError) || error.problem === undefined) return undefined
  const { code, options, params } = error.problem
  return { type: error.failureType, code, options, params }
}

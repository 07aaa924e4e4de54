/** For tests: what the error of a call says to programs. */
import { ConnectorError, type Problem } from './errors.ts'

export type ThrownProblem = Pick<Problem, 'code' | 'options' | 'params'> & { type: string }

/** Returns the type, the code, the options and the params of the error that a call throws. */
export async function thrownBy(call: () => unknown): Promise<ThrownProblem | undefined> {
  try {
    await call()
  } catch (error) {
    return problemOf(error)
  }
  return undefined
}

/** Returns the same of an error; undefined where it has no code. */
export function problemOf(error: unknown): ThrownProblem | undefined {
  if (!(error instanceof ConnectorError) || error.problem === undefined) return undefined
  const { code, options, params } = error.problem
  return { type: error.failureType, code, options, params }
}

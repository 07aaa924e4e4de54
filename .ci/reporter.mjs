// A reporter beside Vitest's own: prints why a test failed as soon as it has failed, and at the end which tests
// were skipped and why. With TEST_REPORT=<file>, the sums, what failed and what was skipped are written there as
// JSON instead, for .ci/run.
import { writeFileSync } from 'node:fs'

// oxlint-disable-next-line import/no-default-export -- Vitest reads the default export.
export default class Reporter {
  #vitest
  #sums = { passed: 0, failed: 0 }
  #failures = []
  #skipped = []

  onInit(vitest) {
    this.#vitest = vitest
  }

  onTestCaseResult(test) {
    const { state, errors, note } = test.result()
    if (state === 'passed') this.#sums.passed++
    else if (state === 'failed') this.#fail(test, errors)
    else this.#skipped.push({ what: nameOf(test), why: note ?? reasonOf(test) })
  }

  /** A suite fails by itself when a hook fails. */
  onTestSuiteResult(suite) {
    this.#countErrors(suite)
  }

  /** A module fails by itself when it cannot be loaded, or a hook fails. */
  onTestModuleEnd(module) {
    this.#countErrors(module)
  }

  onTestRunEnd(_, unhandledErrors) {
    this.#sums.failed += unhandledErrors.length
    for (const error of unhandledErrors)
      this.#failures.push({ what: 'outside of any test', why: firstLineOf(error) })
    const file = process.env.TEST_REPORT
    if (file) writeFileSync(file, JSON.stringify(this.#report()))
    // With -t, every test that does not match counts as skipped.
    else if (!this.#vitest.config.testNamePattern)
      for (const { what, why } of this.#skipped) console.log(`Skipped: ${what} (${why})`)
  }

  #countErrors(entity) {
    const errors = entity.errors()
    if (errors.length > 0) this.#fail(entity, errors)
  }

  #report() {
    return { ...this.#sums, failures: this.#failures, skipped: this.#skipped }
  }

  #fail(entity, errors) {
    this.#sums.failed++
    this.#failures.push({ what: nameOf(entity), why: firstLineOf(errors[0]) })
    this.#vitest.logger.error(`\nFailed: ${nameOf(entity)}`)
    for (const error of errors)
      this.#vitest.logger.printError(error, { project: entity.project, showCodeFrame: true })
  }
}

/** `file > suite > test` */
function nameOf(entity) {
  const file = entity.type === 'module' ? entity.relativeModuleId : entity.module.relativeModuleId
  return entity.type === 'module' ? file : `${file} > ${entity.fullName}`
}

function firstLineOf(error) {
  return error?.message?.split('\n', 1)[0] ?? 'no error is given'
}

function reasonOf(test) {
  return test.options.mode === 'run' ? 'a hook before it failed' : 'no reason is given'
}

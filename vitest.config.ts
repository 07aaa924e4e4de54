// `unit` needs neither servers nor processes, `integration` starts both, `containers` needs Docker, `form` a browser.
import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { LongestFirst } from './.ci/longest-first.mjs'

// oxlint-disable-next-line import/no-default-export -- Vitest reads the default export.
export default defineConfig({
  test: {
    reporters: ['default', '.ci/reporter.mjs'],
    // Only tests that are slower are listed one by one.
    slowTestThreshold: 10_000,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts'],
          globalSetup: '.ci/scanner.mjs',
          // One process runs many files, so modules of src must not keep state.
          isolate: false,
          maxWorkers: availableParallelism(),
          expect: { poll: { timeout: 30_000 } },
          testTimeout: 60_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'integration',
          include: ['integration_tests/**/*.test.ts'],
          exclude: ['integration_tests/containers/**'],
          setupFiles: 'integration_tests/support/setup.ts',
          expect: { poll: { timeout: 60_000 } },
          testTimeout: 150_000,
          hookTimeout: 150_000,
          // More than there are cores, as many of these tests wait for servers.
          maxWorkers: availableParallelism() + 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'containers',
          include: ['integration_tests/containers/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 600_000,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'form',
          include: ['packaging/form-test/*.test.ts'],
          setupFiles: 'integration_tests/support/setup.ts',
          testTimeout: 150_000,
          hookTimeout: 150_000,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
})

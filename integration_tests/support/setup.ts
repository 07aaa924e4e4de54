// Runs in every file of integration tests: a test that failed, by its time limit too, leaves no connector behind that
// would go on writing beside the next test.
import { afterEach } from 'vitest'
import { endConnectors } from './connector.ts'

afterEach(({ task }) => {
  // Other tests may be running beside a concurrent one.
  if (task.result?.state !== 'fail' || task.concurrent) return
  for (const description of endConnectors()) console.error(description)
})

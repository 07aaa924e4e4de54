// Nothing that demo, tests or bench start may outlive them, whatever ends them: a crash, Ctrl-C, or the SIGKILL
// a test runner gives a stuck worker, after which no handler of ours runs. So a small shell stands by. Its
// stdin is a pipe from this process, and when that closes it runs the last command it was told and clears up.
import { spawn } from 'node:child_process'

const script = `
  while read -r line; do command=$line; done
  $command
  rm -rf -- "$1"
`

export class Guardian {
  readonly directory: string
  readonly #shell

  /** The directory is removed in any case. */
  constructor(directory: string) {
    this.directory = directory
    // Detached, because a Ctrl-C in the terminal goes to the whole process group and must not take it too.
    this.#shell = spawn('sh', ['-c', script, 'guardian', directory], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    this.#shell.unref()
    this.#shell.stdin.on('error', () => {})
  }

  /** What to run should this process end; the words may not contain white space. */
  onOurEnd(...command: string[]): void {
    this.#shell.stdin.write(`${command.join(' ')}\n`)
  }

  nothingToDo(): void {
    this.onOurEnd('true')
  }

  dismiss(): void {
    this.#shell.kill('SIGKILL')
  }
}

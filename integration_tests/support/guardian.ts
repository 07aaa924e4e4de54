// Ends what demo, tests or bench have started when these end, even by a crash, Ctrl-C or the SIGKILL of a test runner,
// after which no handler of this process runs. A small shell waits on a pipe from this process; when the pipe closes,
// it runs the last command that it read and removes the directory.
import { spawn } from 'node:child_process'

const script = `
  while read -r line; do command=$line; done
  $command
  rm -rf -- "$1"
`

export class Guardian {
  readonly directory: string
  readonly #shell

  /** Starts a guardian; it removes the directory in any case. */
  constructor(directory: string) {
    this.directory = directory
    // Detached, because Ctrl-C in a terminal signals the whole process group.
    this.#shell = spawn('sh', ['-c', script, 'guardian', directory], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    this.#shell.unref()
    this.#shell.stdin.on('error', () => {})
  }

  /** Sets the command to run when this process ends; its arguments may not contain white space. */
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

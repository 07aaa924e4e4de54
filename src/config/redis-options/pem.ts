/** Turns keys and certificates as people paste them into PEM text as OpenSSL reads it. */
import { optionProblem, type Problem } from '../../errors.ts'

const BEGIN = /^-----BEGIN ([A-Z0-9 ]+)-----/
const END = '-----END '
const HEADER = /^[A-Za-z-]+: /
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/

/** Returns the PEM text. Adds a problem, without showing the text, where it is not a certificate. */
export function readCertificate(option: string, text: unknown, problems: Problem[]): string | undefined {
  const pem = readPem(text)
  if (pem !== undefined && !consistsOf(pem, /CERTIFICATE$/))
    problems.push(
      optionProblem(
        'certificate-not-pem',
        option,
        'is not a certificate in PEM form; paste the whole file, from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----',
      ),
    )
  return pem
}

/** Returns the PEM text. Adds a problem, without showing the text, where it is not a private key. */
export function readPrivateKey(option: string, text: unknown, problems: Problem[]): string | undefined {
  const pem = readPem(text)
  if (pem !== undefined && !consistsOf(pem, /PRIVATE KEY$/))
    problems.push(
      optionProblem(
        'private-key-not-pem',
        option,
        'is not a private key in PEM form; paste the whole file, from -----BEGIN … PRIVATE KEY----- to -----END … PRIVATE KEY-----',
      ),
    )
  return pem
}

function readPem(text: unknown): string | undefined {
  return typeof text === 'string' && text.trim() !== '' ? straighten(text) : undefined
}

function consistsOf(pem: string, label: RegExp): boolean {
  const blocks = blocksIn(pem)
  return blocks.some(({ name }) => label.test(name)) && blocks.every(({ body }) => isBody(body))
}

/** Returns the blocks that have an end. Each part of the text is looked at once, however many beginnings it has. */
function blocksIn(pem: string): { name: string; body: string }[] {
  return partsOf(pem).flatMap((part) => {
    const [begin, name] = BEGIN.exec(part) ?? []
    const end = part.indexOf(`\n${END}${name}-----`)
    if (begin === undefined || name === undefined || end <= begin.length) return []
    return [{ name, body: part.slice(begin.length + 1, end) }]
  })
}

/** Splits a text in front of each beginning of a block. */
function partsOf(text: string): string[] {
  return text.split(/(?=-----BEGIN )/)
}

/** Repairs line breaks that have become a literal `\n`, or spaces, and removes indentation. */
function straighten(pasted: string): string {
  const text = pasted.replaceAll(/\\r\\n|\\n|\\r|\r\n?/g, '\n')
  const lines = partsOf(text)
    .map(unfold)
    .join('')
    .replaceAll(/-----END [A-Z0-9 ]+-----/g, '$&\n')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  // The headers of an encrypted key end with an empty line.
  return `${lines.join('\n').replaceAll(/^(DEK-Info: .*)$/gm, '$1\n')}\n`
}

/** Puts the lines of a block that is on one line onto lines of their own. */
function unfold(part: string): string {
  const [begin = ''] = BEGIN.exec(part) ?? []
  const end = part.indexOf(END)
  if (begin === '' || end === -1) return part
  const body = part.slice(begin.length, end)
  const words = body.trim().split(/[ \t]+/)
  const isFolded =
    /^[ \t]/.test(body) && /[ \t]$/.test(body) && words.every((word) => /^[A-Za-z0-9+/=]+$/.test(word))
  return isFolded ? [begin, ...words, part.slice(end)].join('\n') : part
}

function isBody(body: string): boolean {
  return body.split('\n').every((line) => line === '' || HEADER.test(line) || BASE64.test(line))
}

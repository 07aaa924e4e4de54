/** Turns keys and certificates as people paste them into PEM text as OpenSSL reads it. */
import { optionProblem, type Problem } from '../../errors.ts'

const BLOCK = /^-----BEGIN ([A-Z0-9 ]+)-----\n([^]+?)\n-----END \1-----$/gm
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
  const blocks = [...pem.matchAll(BLOCK)]
  return blocks.some(([, name]) => label.test(name!)) && blocks.every(([, , body]) => isBody(body!))
}

/** Repairs line breaks that have become a literal `\n`, or spaces, and removes indentation. */
function straighten(text: string): string {
  const lines = text
    .replaceAll(/\\r\\n|\\n|\\r|\r\n?/g, '\n')
    .replaceAll(/(-----BEGIN [A-Z0-9 ]+-----)[ \t]+([A-Za-z0-9+/= \t]+?)[ \t]+(?=-----END )/g, unfold)
    .replaceAll(/-----END [A-Z0-9 ]+-----/g, '$&\n')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  // The headers of an encrypted key end with an empty line.
  return `${lines.join('\n').replaceAll(/^(DEK-Info: .*)$/gm, '$1\n')}\n`
}

function unfold(_: string, begin: string, body: string): string {
  return [begin, ...body.split(/[ \t]+/), ''].join('\n')
}

function isBody(body: string): boolean {
  return body.split('\n').every((line) => line === '' || HEADER.test(line) || BASE64.test(line))
}

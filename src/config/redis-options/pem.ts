/** Keys and certificates as people paste them → PEM text as OpenSSL reads it. */

const BLOCK = /^-----BEGIN ([A-Z0-9 ]+)-----\n([^]+?)\n-----END \1-----$/gm
const HEADER = /^[A-Za-z-]+: /
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/

const SORTS = {
  certificate: {
    label: /CERTIFICATE$/,
    form: 'a certificate in PEM form; paste the whole file, from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----',
  },
  key: {
    label: /PRIVATE KEY$/,
    form: 'a private key in PEM form; paste the whole file, from -----BEGIN … PRIVATE KEY----- to -----END … PRIVATE KEY-----',
  },
}

/** Adds a problem where it is no PEM text of that sort, never showing it. */
export function readPem(
  field: string,
  text: unknown,
  sort: keyof typeof SORTS,
  problems: string[],
): string | undefined {
  if (typeof text !== 'string' || text.trim() === '') return undefined
  const pem = straighten(text)
  const { label, form } = SORTS[sort]
  const blocks = [...pem.matchAll(BLOCK)]
  const isWhole = blocks.some(([, name]) => label.test(name!)) && blocks.every(([, , body]) => isBody(body!))
  if (!isWhole) problems.push(`${field}: is not ${form}`)
  return pem
}

/** Line ends may have become `\n` in two characters, or spaces; lines may be indented. */
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

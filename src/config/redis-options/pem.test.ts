import { describe, expect, it } from 'vitest'
import { CERTIFICATE, KEY } from '../parsing/parsed.support.ts'
import type { Problem } from '../../errors.ts'
import { readCertificate, readPrivateKey } from './pem.ts'

const ENCRYPTED = `-----BEGIN RSA PRIVATE KEY-----
Proc-Type: 4,ENCRYPTED
DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF

MIIBszCC
-----END RSA PRIVATE KEY-----
`

describe('a PEM text', () => {
  it.each<[string, string]>([
    ['as it is in the file', CERTIFICATE],
    ['without the last line end', CERTIFICATE.trimEnd()],
    ['with the line ends of Windows', CERTIFICATE.replaceAll('\n', '\r\n')],
    ['with \\n in two characters for line ends', CERTIFICATE.replaceAll('\n', '\\n')],
    ['with \\r\\n in four characters for line ends', CERTIFICATE.replaceAll('\n', '\\r\\n')],
    ['with both', CERTIFICATE.replaceAll('\n', '\\n\n')],
    ['with spaces for line ends', CERTIFICATE.replaceAll('\n', ' ')],
    ['with spaces around it', `\n  \t${CERTIFICATE}  \n`],
    ['indented', CERTIFICATE.replaceAll('\n', '\n    ')],
    ['with empty lines in it', CERTIFICATE.replaceAll('\n', '\n\n')],
  ])('is read however it was pasted: %s', (_, text) => {
    expect(read(text)).toEqual({ pem: CERTIFICATE, problems: [] })
  })

  it('may hold several certificates, and what is said about them', () => {
    const chain = `# ours\n${CERTIFICATE}subject=/CN=root\n${CERTIFICATE}`
    expect(read(chain)).toEqual({ pem: chain, problems: [] })
    expect(read(`${CERTIFICATE}${CERTIFICATE}`.replaceAll('\n', ' ')).pem).toBe(
      `${CERTIFICATE}${CERTIFICATE}`,
    )
  })

  it.each(['\n', '\r\n', '\\n'])('keeps the headers of an encrypted key, with the line end %j', (end) => {
    const text = ENCRYPTED.replaceAll('\n', end)
    expect(read(text, 'key')).toEqual({ pem: ENCRYPTED, problems: [] })
  })

  it.each([
    'PRIVATE KEY',
    'RSA PRIVATE KEY',
    'EC PRIVATE KEY',
    'ENCRYPTED PRIVATE KEY',
    'OPENSSH PRIVATE KEY',
  ])('is a key where it is labelled %s', (label) => {
    expect(read(KEY.replaceAll('PRIVATE KEY', label), 'key').problems).toEqual([])
  })

  it('may have the parameters of a curve before the key', () => {
    const text = `-----BEGIN EC PARAMETERS-----\nBggqhkjO\n-----END EC PARAMETERS-----\n${KEY}`
    expect(read(text, 'key')).toEqual({ pem: text, problems: [] })
  })

  it.each([undefined, '', '  \n', 7, null])('is not there where it is %j', (text) => {
    expect(read(text)).toEqual({ pem: undefined, problems: [] })
  })
})

describe('a text is refused, and not shown', () => {
  it.each([
    'hunter2',
    '/etc/ssl/ca.pem',
    KEY,
    'MIIBszCC\nAVmgAwIB',
    CERTIFICATE.replace('-----END CERTIFICATE-----', ''),
    CERTIFICATE.replace('-----BEGIN CERTIFICATE-----', ''),
    CERTIFICATE.replace('MIIB', 'MII*'),
    CERTIFICATE.replace('MIIBszCC\nAVmgAwIB\n', ''),
    CERTIFICATE.replace('END CERTIFICATE', 'END PRIVATE KEY'),
    CERTIFICATE.replaceAll('-----', '----'),
    CERTIFICATE.replaceAll('CERTIFICATE', 'CERTIFICATE REQUEST'),
  ])('where it should be a certificate: %j', (text) => {
    expect(read(text).problems).toMatchObject([{ code: 'certificate-not-pem', options: ['f'] }])
  })

  it.each(['hunter2', CERTIFICATE, KEY.replaceAll('PRIVATE', 'PUBLIC'), 'ssh-ed25519 AAAAC3NzaC1l me@host'])(
    'where it should be a private key: %j',
    (text) => {
      expect(read(text, 'key').problems).toMatchObject([{ code: 'private-key-not-pem', options: ['f'] }])
    },
  )
})

describe('a text that is no PEM', () => {
  it.each<[string, string]>([
    ['blanks behind a beginning', `-----BEGIN CERTIFICATE-----${' '.repeat(200_000)}x`],
    ['many beginnings', '-----BEGIN CERTIFICATE-----\nAAAA\n'.repeat(20_000)],
    ['many beginnings on one line', '-----BEGIN CERTIFICATE----- AAAA '.repeat(20_000)],
    ['many ends', '-----END CERTIFICATE-----'.repeat(20_000)],
  ])('is refused in time that grows with its length: %s', (_, text) => {
    const started = performance.now()
    expect(read(text).problems).toHaveLength(1)
    expect(performance.now() - started).toBeLessThan(2_000)
  })
})

function read(text: unknown, kind: 'certificate' | 'key' = 'certificate') {
  const problems: Problem[] = []
  const readPem = kind === 'key' ? readPrivateKey : readCertificate
  return { pem: readPem('f', text, problems), problems }
}

// Makes certificates for tests, valid ones and invalid ones: authorities, and certificates that they sign.
import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { isIP } from 'node:net'
import forge from 'node-forge'

/** PEM texts. */
export interface Certified {
  readonly certificate: string
  readonly key: string
}

export interface CertificateOptions {
  /** The common name. */
  name?: string
  /** Host names and IP addresses as subject alternative names. Old certificates have none. */
  hosts?: string[]
  /** The first day of validity, in days from now. */
  fromDay?: number
  /** The last day of validity, in days from now. */
  toDay?: number
}

export class Authority implements Certified {
  readonly name: string
  readonly certificate: string
  readonly key: string

  /** Creates an authority that is signed by `parent`, or by itself. */
  constructor(name: string, parent?: Authority) {
    const keys = keyPair()
    this.name = name
    this.key = keys.privateKey
    this.certificate = sign({ name }, keys, parent ?? this, { isAuthority: true })
  }

  issue(options: CertificateOptions = {}): Certified {
    const keys = keyPair()
    return { certificate: sign(options, keys, this), key: keys.privateKey }
  }
}

/** Creates a certificate that is signed with its own key. */
export function selfSigned(options: CertificateOptions): Certified {
  const keys = keyPair()
  const { privateKey: key } = keys
  return { certificate: sign(options, keys, { name: options.name ?? 'localhost', key }), key }
}

/** Encrypts the key with a password. */
export function encrypted(key: string, passphrase: string): string {
  const options = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase } as const
  return createPrivateKey(key).export(options).toString()
}

interface KeyPair {
  publicKey: string
  privateKey: string
}

function keyPair(): KeyPair {
  return generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
}

let serial = 0

function sign(
  { name = 'localhost', hosts = [], fromDay = -1, toDay = 30 }: CertificateOptions,
  keys: KeyPair,
  signer: { name: string; key: string },
  { isAuthority = false } = {},
): string {
  const certificate = forge.pki.createCertificate()
  certificate.publicKey = forge.pki.publicKeyFromPem(keys.publicKey)
  certificate.serialNumber = `01${(++serial).toString(16).padStart(6, '0')}`
  certificate.validity.notBefore = inDays(fromDay)
  certificate.validity.notAfter = inDays(toDay)
  certificate.setSubject([{ name: 'commonName', value: name }])
  certificate.setIssuer([{ name: 'commonName', value: signer.name }])
  const altNames = hosts.map((host) => (isIP(host) === 0 ? { type: 2, value: host } : { type: 7, ip: host }))
  certificate.setExtensions([
    { name: 'basicConstraints', cA: isAuthority },
    ...(altNames.length === 0 ? [] : [{ name: 'subjectAltName', altNames }]),
  ])
  certificate.sign(forge.pki.privateKeyFromPem(signer.key), forge.md.sha256.create())
  return forge.pki.certificateToPem(certificate)
}

function inDays(days: number): Date {
  return new Date(Date.now() + days * 86_400_000)
}

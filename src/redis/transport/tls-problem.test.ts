import { describe, expect, it } from 'vitest'
import { ConfigError, problem } from '../../errors.ts'
import { cutInHandshake, isCutShort, tlsProblem } from './tls-problem.ts'
import { classify } from '../failures/error-classifier.ts'

const HERE = 'redis.example.com:6380'
const CLIENT = ['ssl_mode.client_certificate', 'ssl_mode.client_key']

function failure(code?: string | number): Error {
  return Object.assign(new Error('a reason'), code === undefined ? {} : { code })
}

describe('a problem of TLS', () => {
  it.each([
    ['ERR_SSL_TLSV1_UNRECOGNIZED_NAME', 'server-name-unknown', ['ssl_mode.server_name']],
    ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'tls-version-unsafe', []],
    ['ERR_SSL_UNSUPPORTED_PROTOCOL', 'tls-version-unsafe', []],
    ['ERR_SSL_EE_KEY_TOO_SMALL', 'certificate-too-weak', []],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'client-certificate-required', CLIENT],
    ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'client-certificate-rejected', CLIENT],
    ['ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_EXPIRED', 'client-certificate-rejected', CLIENT],
    ['ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE', 'tls-handshake-refused', CLIENT],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'tls-not-supported', ['ssl', 'port']],
  ])('ends a run whenever it occurs: %s', (code, its, options) => {
    const { handling, error } = classify(failure(code), HERE)
    expect(handling).toBe('stop')
    expect(error).toBeInstanceOf(ConfigError)
    expect(error.problem).toMatchObject({ code: its, options, params: { where: HERE } })
  })

  it('inside a server, or of the network, may be temporary', () => {
    for (const code of ['ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR', 'ECONNRESET', 'EPIPE', undefined, 23])
      expect(tlsProblem(failure(code), HERE)).toBeUndefined()
    expect(classify(failure('ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR'), HERE).handling).toBe('retry')
    expect(classify(cutInHandshake(HERE, failure('ECONNRESET')), HERE).handling).toBe('retry')
  })

  it('with an authority says which authorities are trusted', () => {
    const unknown = failure('UNABLE_TO_VERIFY_LEAF_SIGNATURE')
    expect(tlsProblem(unknown, HERE, 'public')?.message).toContain('not signed by a public authority')
    expect(tlsProblem(unknown, HERE, 'configured')?.message).toContain(
      'by the authority in ssl_mode.ca_certificate',
    )
  })

  it('with a certificate has a sentence, whatever it is', () => {
    const error = tlsProblem(failure('INVALID_PURPOSE'), HERE, 'public')
    expect(error?.problem?.code).toBe('certificate-not-trusted')
    expect(error?.message).toContain('a reason')
  })

  it('may be the reason for a connection that was closed, and not for one with a plain reason', () => {
    for (const code of [undefined, 'ECONNRESET', 'EPIPE']) expect(isCutShort(failure(code))).toBe(true)
    for (const code of ['ECONNREFUSED', 'ETIMEDOUT', 23]) expect(isCutShort(failure(code))).toBe(false)
    expect(isCutShort(new ConfigError(problem('a', 'a reason')))).toBe(false)
    expect(isCutShort(undefined)).toBe(false)
  })
})

import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../errors.ts'
import { cutInHandshake, isCutShort, tlsProblem } from './tls-problems.ts'
import { classify } from '../failures/error-classifier.ts'

const HERE = 'redis.example.com:6380'

function failure(code?: string | number): Error {
  return Object.assign(new Error('a reason'), code === undefined ? {} : { code })
}

describe('a problem of TLS', () => {
  it.each([
    ['ERR_SSL_TLSV1_UNRECOGNIZED_NAME', /asked for\. Set ssl_mode\.server_name/],
    ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', /speak TLS 1\.2 or 1\.3/],
    ['ERR_SSL_UNSUPPORTED_PROTOCOL', /speak TLS 1\.2 or 1\.3/],
    ['ERR_SSL_EE_KEY_TOO_SMALL', /too weak/],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', /demands a client certificate/],
    ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', /refuses the client certificate/],
    ['ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_EXPIRED', /refuses the client certificate/],
    ['ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE', /may demand a client certificate/],
    ['ERR_SSL_WRONG_VERSION_NUMBER', /does not speak TLS\. Set ssl to false/],
  ])('ends a run wherever it comes up: %s', (code, sentence) => {
    const { handling, error } = classify(failure(code), HERE)
    expect(handling).toBe('stop')
    expect(error).toBeInstanceOf(ConfigError)
    expect(error.message).toMatch(sentence)
    expect(error.message).toContain(HERE)
  })

  it('that a server has with itself, or a connection with the network, may pass', () => {
    for (const code of ['ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR', 'ECONNRESET', 'EPIPE', undefined, 23])
      expect(tlsProblem(failure(code), HERE)).toBeUndefined()
    expect(classify(failure('ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR'), HERE).handling).toBe('again')
    expect(classify(cutInHandshake(HERE, failure('ECONNRESET')), HERE).handling).toBe('again')
  })

  it('with a certificate has a sentence, whatever it is', () => {
    expect(tlsProblem(failure('INVALID_PURPOSE'), HERE, true)?.message).toBe(
      `The certificate of ${HERE} cannot be trusted: a reason.`,
    )
  })

  it('may hide behind a connection that was closed, and not behind what is plain', () => {
    for (const code of [undefined, 'ECONNRESET', 'EPIPE']) expect(isCutShort(failure(code))).toBe(true)
    for (const code of ['ECONNREFUSED', 'ETIMEDOUT', 23]) expect(isCutShort(failure(code))).toBe(false)
    expect(isCutShort(new ConfigError('a reason'))).toBe(false)
    expect(isCutShort(undefined)).toBe(false)
  })
})

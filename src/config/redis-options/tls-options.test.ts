import { describe, expect, it } from 'vitest'
import {
  CERTIFICATE,
  connectionOf,
  KEY,
  problemsOf,
  refusalsOf,
  warningsOf,
} from '../parsing/parsed.support.ts'

const NOTHING = {
  caCertificate: undefined,
  clientCertificate: undefined,
  clientKey: undefined,
  clientKeyPassword: undefined,
  serverName: undefined,
}
const MODES = ['disable', 'no-verify', 'verify-ca', 'verify-full'] as const

describe('TLS', () => {
  it.each([
    {},
    { ssl: false },
    { ssl: null, ssl_mode: null },
    { ssl: false, ssl_mode: {} },
    { ssl: false, ssl_mode: { mode: 'disable' } },
    { ssl_mode: { mode: 'disable' } },
  ])('is not spoken with %j', (options) => {
    expect(connectionOf({ host: 'h', ...options }).tls).toBeUndefined()
    expect(connectionOf({ url: 'redis://h', ...options }).tls).toBeUndefined()
  })

  it.each([{ ssl: true }, { ssl: true, ssl_mode: null }, { ssl: true, ssl_mode: {} }])(
    'checks everything where nothing is said about it: %j',
    (options) => {
      expect(connectionOf({ host: 'h', ...options }).tls).toEqual({ mode: 'verify-full', ...NOTHING })
    },
  )

  it.each(MODES)('checks what its mode says, be it asked for by ssl or by a URL: %s', (mode) => {
    const tls = { mode, ...NOTHING }
    expect(connectionOf({ host: 'h', ssl: true, ssl_mode: { mode } }).tls).toEqual(tls)
    expect(connectionOf({ url: 'rediss://h', ssl_mode: { mode } }).tls).toEqual(tls)
    // As a form fills it in.
    expect(connectionOf({ url: 'rediss://h', ssl: false, ssl_mode: { mode } }).tls).toEqual(tls)
    expect(connectionOf({ url: 'redis://h', ssl: true, ssl_mode: { mode } }).tls).toEqual(tls)
  })

  it.each(MODES)('has its certificates and names in every mode: %s', (mode) => {
    const sslMode = {
      mode,
      ca_certificate: CERTIFICATE.replaceAll('\n', '\\n'),
      client_certificate: CERTIFICATE,
      client_key: KEY.replaceAll('\n', '\\n'),
      client_key_password: 'pw',
      server_name: 'redis.example.com',
    }
    expect(connectionOf({ host: 'h', ssl: true, ssl_mode: sslMode }).tls).toEqual({
      mode,
      caCertificate: CERTIFICATE,
      clientCertificate: CERTIFICATE,
      clientKey: KEY,
      clientKeyPassword: 'pw',
      serverName: 'redis.example.com',
    })
  })

  it('means the same with empty texts as without', () => {
    const empty = Object.fromEntries(
      ['ca_certificate', 'client_certificate', 'client_key', 'client_key_password', 'server_name'].map(
        (name) => [name, ''],
      ),
    )
    const tls = { mode: 'verify-ca', ...NOTHING }
    expect(connectionOf({ host: 'h', ssl: true, ssl_mode: { mode: 'verify-ca', ...empty } }).tls).toEqual(tls)
  })

  it.each(MODES)('warns of the one mode that checks nothing, where it is used: %s', (mode) => {
    expect(warningsOf({ host: 'h', ssl: true, ssl_mode: { mode } })).toEqual(
      mode === 'no-verify' ? ['tls-not-verified: ssl_mode'] : [],
    )
  })
})

describe('TLS is refused', () => {
  it.each(['no-verify', 'verify-ca', 'verify-full'])('in mode %s without ssl, both named', (mode) => {
    for (const place of [{ host: 'h' }, { url: 'redis://h' }, { host: 'h', ssl: false }])
      expect(problemsOf({ ...place, ssl_mode: { mode } })).toMatchObject([
        { code: 'tls-mode-without-ssl', options: ['ssl', 'ssl_mode'], params: { mode } },
      ])
  })

  it.each<[object, string]>([
    [{ client_certificate: CERTIFICATE }, 'client-key-missing: ssl_mode.client_key'],
    [
      { client_certificate: CERTIFICATE, client_key: '', client_key_password: 'pw' },
      'client-key-missing: ssl_mode.client_key',
    ],
    [{ client_key: KEY }, 'client-certificate-missing: ssl_mode.client_certificate'],
    [{ client_key_password: 'pw' }, 'client-key-password-without-key: ssl_mode.client_key_password'],
  ])('with half of what a client shows: %j', (half, problem) => {
    expect(refusalsOf({ host: 'h', ssl: true, ssl_mode: { mode: 'verify-full', ...half } })).toEqual([
      problem,
    ])
  })

  it.each<[object, string]>([
    [{ ssl: 'yes' }, 'option-wrong-type: ssl'],
    [{ ssl: 'true' }, 'option-wrong-type: ssl'],
    [{ ssl_mode: 'verify-full' }, 'option-wrong-type: ssl_mode'],
    [{ ssl_mode: { mode: 'require' } }, 'option-not-allowed: ssl_mode.mode'],
    [{ ssl_mode: { server_name: 'h' } }, 'option-missing: ssl_mode.mode'],
    [{ ssl_mode: { mode: 'verify-ca', ca_certificate: 7 } }, 'option-wrong-type: ssl_mode.ca_certificate'],
  ])('where an option is of another form: %j', (options, problem) => {
    expect(refusalsOf({ host: 'h', ssl: true, ...options })).toEqual([problem])
  })
})

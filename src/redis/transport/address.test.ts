import { describe, expect, it } from 'vitest'
import { addressText, namedAddress, readAddress } from './address.ts'
import { readRedirection } from '../failures/redirection.ts'

describe('an address', () => {
  it.each([
    [{ host: 'h', port: 6379 }, 'h:6379'],
    [{ host: '::1', port: 7 }, '[::1]:7'],
    [{ path: '/run/redis.sock' }, '/run/redis.sock'],
  ])('%j is told as %s', (address, text) => expect(addressText(address)).toBe(text))

  it.each([
    ['h:6379', { host: 'h', port: 6379 }],
    ['[::1]:7', { host: '::1', port: 7 }],
    ['fe80::1:2:7', { host: 'fe80::1:2', port: 7 }],
  ])('is read from %s', (text, address) => expect(readAddress(text)).toEqual(address))

  it.each(['', 'h', ':7', '[]:7', 'h:', 'h:x', 'h:0', 'h:-1', 'h:1.5'])('is not read from %j', (text) => {
    expect(readAddress(text)).toBeUndefined()
  })
})

describe('what is said by a node that does not have a key', () => {
  const from = { host: '10.0.0.1', port: 1 }

  it.each([
    ['MOVED 1 h:2', { kind: 'moved', slot: 1, address: { host: 'h', port: 2 } }],
    ['ASK 16383 ::1:2', { kind: 'ask', slot: 16_383, address: { host: '::1', port: 2 } }],
    ['TRYAGAIN Multiple keys request', { kind: 'wait', slot: undefined, address: undefined }],
    // It does not know its own name.
    ['MOVED 1 :2', { kind: 'moved', slot: 1, address: { host: '10.0.0.1', port: 2 } }],
    ['MOVED 1 ?:2', { kind: 'moved', slot: 1, address: { host: '10.0.0.1', port: 2 } }],
    ['MOVED 1 nowhere', { kind: 'moved', slot: 1, address: undefined }],
  ])('is where to go: %s', (text, redirection) => expect(readRedirection(text, from)).toEqual(redirection))

  it.each(['MOVED', 'CLUSTERDOWN x', 'ERR MOVED 1 h:2', 'ASKED 1 h:2'])(
    'may be something else: %s',
    (text) => {
      expect(readRedirection(text, from)).toBeUndefined()
    },
  )
})

describe('an address that a server names', () => {
  it.each([
    ['redis-1.internal', 6379],
    ['::1', 65_535],
    ['fe80::1%eth0', 1],
  ])('%s %i', (host, port) => {
    expect(namedAddress(host, port)).toEqual({ host, port })
  })

  it.each<[string, number]>([
    ['', 6379],
    ['a b', 6379],
    ['a\0b', 6379],
    ['x'.repeat(256), 6379],
    ['h', 0],
    ['h', -1],
    ['h', 65_536],
    ['h', Number('abc')],
  ])('is not believed: %j %d', (host, port) => {
    expect(namedAddress(host, port)).toBeUndefined()
  })
})

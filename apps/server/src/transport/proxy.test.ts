import type { IncomingMessage } from 'node:http'
import { describe, expect, test } from 'vitest'
import { forwardedAddress } from './forwarded.ts'
import { parseProxyHeader } from './proxy-protocol.ts'
import { createTrust, proxyConfig } from './proxy.config.ts'

const isTrusted = createTrust(['10.0.0.0/8', '192.0.2.7', 'fd00::/8'])

describe('DS-10 whose word counts', () => {
  test.each([
    ['10.1.2.3', true],
    ['::ffff:10.1.2.3', true],
    ['192.0.2.7', true],
    ['192.0.2.8', false],
    ['fd00::1', true],
    ['2001:db8::1', false],
    ['', false],
    ['nonsense', false],
  ])('%s: %s', (address, expected) => expect(isTrusted(address)).toBe(expected))

  test.each(['10.0.0.0/33', '10.0.0', 'host.test', '10.0.0.1/8/8', '::/129'])('%s is no range', (range) => {
    expect(proxyConfig.safeParse({ trusted: range }).success).toBe(false)
  })
})

describe('DS-10 forwarded addresses come only from configured proxies', () => {
  const from = (remoteAddress: string, header?: string | string[]) =>
    forwardedAddress(
      { socket: { remoteAddress }, headers: { 'x-forwarded-for': header } } as unknown as IncomingMessage,
      isTrusted,
    )
  test('from anybody else the header means nothing', () => {
    expect(from('203.0.113.5', '198.51.100.1')).toBe('203.0.113.5')
  })
  test('a proxy names its client, and proxies before it theirs', () => {
    expect(from('10.0.0.1', '198.51.100.1')).toBe('198.51.100.1')
    expect(from('10.0.0.1', '198.51.100.1, 10.0.0.2')).toBe('198.51.100.1')
    expect(from('10.0.0.1', '[2001:db8::1]:443')).toBe('2001:db8::1')
    expect(from('10.0.0.1', '198.51.100.1:5000')).toBe('198.51.100.1')
    expect(from('10.0.0.1')).toBe('10.0.0.1')
  })
  test('what a client wrote itself stands before its own address, and is not looked at', () => {
    expect(from('10.0.0.1', '127.0.0.1, 10.9.9.9, 198.51.100.1')).toBe('198.51.100.1')
    expect(from('10.0.0.1', 'nonsense, 198.51.100.1')).toBe('198.51.100.1')
    expect(from('10.0.0.1', '198.51.100.1, nonsense')).toBe('10.0.0.1')
    expect(from('10.0.0.1', `${'10.0.0.9, '.repeat(100_000)}10.0.0.2`)).toMatch(/^10\./)
  })
})

describe('DS-10 the PROXY protocol', () => {
  const v2 = (rest: string) => Buffer.from(`0d0a0d0a000d0a515549540a${rest}`, 'hex')
  test.each([
    [
      'version 1',
      Buffer.from('PROXY TCP4 198.51.100.1 203.0.113.1 5000 5222\r\n<str'),
      { length: 47, address: '198.51.100.1' },
    ],
    [
      'version 1, IPv6',
      Buffer.from('PROXY TCP6 2001:db8::1 ::1 5000 5222\r\n'),
      { length: 38, address: '2001:db8::1' },
    ],
    ['version 1, unknown', Buffer.from('PROXY UNKNOWN\r\n'), { length: 15 }],
    ['version 2', v2('2111000cc6336401cb00710113881466'), { length: 28, address: '198.51.100.1' }],
    ['version 2, a health check of the proxy', v2('20000000'), { length: 16 }],
    ['version 1, not all of it', Buffer.from('PROXY TCP4 198.5'), undefined],
    ['version 2, not all of it', v2('2111000cc633'), undefined],
    ['nothing', Buffer.alloc(0), undefined],
    ['a stream', Buffer.from('<?xml version="1.0"?>'), 'invalid'],
    ['an address of the other family', Buffer.from('PROXY TCP4 ::1 ::1 1 2\r\n'), 'invalid'],
    ['no address', Buffer.from('PROXY TCP4 x y 1 2\r\n'), 'invalid'],
    ['no end', Buffer.from(`PROXY TCP4 ${'1'.repeat(200)}`), 'invalid'],
    ['version 3', v2('3111000cc6336401cb00710113881466'), 'invalid'],
    ['a huge extension', v2('2111ffff'), 'invalid'],
    ['another command', v2('2511000cc6336401cb00710113881466'), 'invalid'],
  ])('%s', (_what, bytes, expected) => expect(parseProxyHeader(bytes)).toEqual(expected))

  test('at every split, what is not complete yet is waited for', () => {
    const whole = Buffer.from('PROXY TCP4 198.51.100.1 203.0.113.1 5000 5222\r\n')
    for (let n = 0; n < whole.length; n++) expect(parseProxyHeader(whole.subarray(0, n))).toBeUndefined()
    const binary = v2('2111000cc6336401cb00710113881466')
    for (let n = 0; n < binary.length; n++) expect(parseProxyHeader(binary.subarray(0, n))).toBeUndefined()
  })
})

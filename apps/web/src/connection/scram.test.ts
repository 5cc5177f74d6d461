import { expect, test } from 'vitest'
import { deriveSaltedKey, ScramError, ScramExchange } from './scram.ts'

// RFC 7677 §3.
const NONCE = 'rOprNGfwEbeRWgbNEkqO'
const SERVER_NONCE = 'rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0'
const SALT = 'W22ZaJ0SNY7soEsUEjb6gQ=='
const SERVER_FIRST = `r=${SERVER_NONCE},s=${SALT},i=4096`
const CLIENT_FINAL = `c=biws,r=${SERVER_NONCE},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`
const SERVER_FINAL = 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4='

const pencil = () => new ScramExchange('user', { password: 'pencil' }, NONCE)

async function faultOf(run: () => unknown): Promise<string> {
  try {
    await run()
  } catch (error) {
    if (error instanceof ScramError) return error.fault
    throw error
  }
  return 'none'
}

test('a sign-in matches the example of RFC 7677', async () => {
  const exchange = pencil()
  expect(exchange.first()).toBe(`n,,n=user,r=${NONCE}`)
  expect(await exchange.final(SERVER_FIRST)).toBe(CLIENT_FINAL)
  exchange.verify(SERVER_FINAL)
})

test('a kept salted key signs in without the password', async () => {
  const salted = await deriveSaltedKey('pencil', SALT, 4096)
  expect(salted.key.extractable).toBe(false)
  const exchange = new ScramExchange('user', { salted }, NONCE)
  expect(await exchange.final(SERVER_FIRST)).toBe(CLIENT_FINAL)
})

test('a kept salted key is of no use once the salt has changed', async () => {
  const salted = await deriveSaltedKey('pencil', SALT, 4096)
  const exchange = new ScramExchange('user', { salted }, NONCE)
  expect(await faultOf(() => exchange.final(SERVER_FIRST.replace('W22Z', 'W22Y')))).toBe('salt-changed')
})

test('names with commas and equals signs are escaped', () => {
  expect(new ScramExchange('a=b,c', { password: '' }, 'x').first()).toBe('n,,n=a=3Db=2Cc,r=x')
})

test.each([
  ['a nonce that does not begin with ours', `r=zzz${SERVER_NONCE},s=${SALT},i=4096`, 'nonce'],
  ['a nonce to which the server added nothing', `r=${NONCE},s=${SALT},i=4096`, 'nonce'],
  ['one iteration', `r=${SERVER_NONCE},s=${SALT},i=1`, 'iterations'],
  ['AU-26: iterations that would hang the page', `r=${SERVER_NONCE},s=${SALT},i=2147483647`, 'iterations'],
  ['a missing salt', `r=${SERVER_NONCE},i=4096`, 'malformed'],
  ['a mandatory extension', `m=x,${SERVER_FIRST}`, 'malformed'],
  ['an empty message', '', 'malformed'],
])('the client refuses %s', async (_what, message, fault) => {
  expect(await faultOf(() => pencil().final(message))).toBe(fault)
})

test('a server that does not know the password is found out', async () => {
  const exchange = pencil()
  await exchange.final(SERVER_FIRST)
  expect(await faultOf(() => exchange.verify('v=AAAATRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4='))).toBe(
    'server-signature',
  )
  expect(await faultOf(() => exchange.verify('e=other-error'))).toBe('server-error')
  expect(await faultOf(() => exchange.verify(''))).toBe('malformed')
})

test('a server that says yes before the proof is found out', async () => {
  expect(await faultOf(() => pencil().verify(SERVER_FINAL))).toBe('server-signature')
})

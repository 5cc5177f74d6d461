import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { namesFrom, readKeys } from './device-key.ts'

/** As an MDM writes it: its own names, and much that is of no use here. */
const EXPORT = readFileSync(new URL('../../../server/test/streams/mdm-export.json', import.meta.url), 'utf8')
const NAMES = namesFrom(
  'account=userPrincipalName,device=deviceName,publicKey=attestationKey,notAfter=certificateExpirationDate',
)

test('the export of an MDM is read by its own names: PEM and JWK, people by their address', () => {
  const found = readKeys(EXPORT, NAMES)
  expect(found.map(({ at, key: { account, device } }) => `${at} ${account} ${device}`)).toEqual([
    '1 alice LT-ALICE-01',
    '2 alice PH-ALICE-02',
    '3 bob LT-BOB-01',
    '4 bob LT-BOB-02',
    '5 carol LT-CAROL-01',
  ])
  expect(found[0]?.key.publicKey).toMatch(/^-----BEGIN PUBLIC KEY-----\n/)
  expect(JSON.parse(found[1]?.key.publicKey ?? '')).toMatchObject({ kty: 'OKP', crv: 'Ed25519' })
  expect(found[2]?.key.notAfter).toBe('2025-09-14T07:31:09Z')
})

test('the same as CSV, with a key over several lines', () => {
  const [first] = readKeys(EXPORT, NAMES)
  const { account, device, publicKey, notAfter } = first!.key
  const csv = `\uFEFFnotAfter,account,device,serial,publicKey\r\n${notAfter},${account}@im.test,${device},X,"${publicKey}"\r\n`
  expect(readKeys(csv)).toEqual([{ at: 2, key: { account, device, publicKey, notAfter } }])
})

test('what is no export, or has other columns, is refused with what is missing', () => {
  expect(() => readKeys('account,device\nalice,x\n')).toThrow('no column publicKey, notAfter')
  expect(() => readKeys('[{"account":')).toThrow('not JSON')
  expect(() => readKeys('account,"device')).toThrow('not CSV')
  expect(() => namesFrom('account')).toThrow('--columns')
  expect(() => namesFrom('owner=upn')).toThrow('--columns')
  expect(readKeys('[null, 5]').map(({ key }) => key.account)).toEqual(['', ''])
})

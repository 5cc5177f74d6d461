import { describe, expect, test } from 'vitest'
import { findWeakness } from './password-strength.ts'

const ALICE = { localpart: 'alice7', domain: 'acme.test' }

describe('threats §3.1 a new password', () => {
  test.each([
    'short',
    'seven 7',
    'password',
    'PassWord',
    'password1',
    'Password2024!',
    'P@ssw0rd!!',
    'Welcome123',
    'Sommer2026!',
    'qwertz12',
    'qwertyuiop',
    '1q2w3e4r5t',
    '12345678',
    '987654321',
    '00000000',
    'letmein!!!',
  ])('%j is too short or what everybody takes', (password) => {
    expect(findWeakness(password, ALICE)).toBeDefined()
  })

  test.each(['alice7!!', 'Alice2024', 'ALICE2024', 'acme.test', 'Acme2026', 'alice7@acme.test', 'acme.test!1'])(
    '%j is what the account or the server is called',
    (password) => {
      expect(findWeakness(password, ALICE)).toBe('A password is not the name of the account or of the server.')
    },
  )

  test.each([
    'alice-password',
    'alice7-password',
    'correct horse',
    'battery staple',
    'passwordless is the future',
    '7391 8264',
    'grün wie Gras',
    '!!?.7-,+',
  ])('%j will do', (password) => {
    expect(findWeakness(password, ALICE)).toBeUndefined()
  })

  test('a name of digits alone makes nothing else weak', () => {
    expect(findWeakness('93847561', { localpart: '42', domain: 'im.test' })).toBeUndefined()
    expect(findWeakness('42424242', { localpart: '42424242', domain: 'im.test' })).toBeDefined()
  })
})

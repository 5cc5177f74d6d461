import { userInfo } from 'node:os'
import { expect, test } from 'vitest'
import { claimedUserOf } from './claimed-user.ts'

test('whoever runs a command is named, and who they were before', () => {
  const { username } = userInfo()
  expect(claimedUserOf({})).toBe(username)
  expect(claimedUserOf({ SUDO_USER: username })).toBe(username)
  expect(claimedUserOf({ SUDO_USER: 'alice.b' })).toBe(`alice.b>${username}`)
  expect(claimedUserOf({ DOAS_USER: 'carol' })).toBe(`carol>${username}`)
  // What cannot be a name is no part of a header.
  expect(claimedUserOf({ SUDO_USER: 'x\r\nhost: evil' })).toBeUndefined()
})

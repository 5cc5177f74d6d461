import { expect, test } from 'vitest'
import { permissionsOf, ROLE_TABLE, ROLES } from './roles.ts'

test('an auditor changes nothing, and only administrators give roles', () => {
  expect(ROLE_TABLE.auditor.permissions.filter((permission) => !permission.endsWith('.read'))).toEqual([])
  const granting = ROLES.filter((role) => ROLE_TABLE[role].permissions.includes('account.grant'))
  expect(granting).toEqual(['administrator'])
})

test('roles add up, and a bounded one gives nothing everywhere', () => {
  expect([...permissionsOf(['unit-administrator'])]).toEqual([])
  expect(permissionsOf(['help-desk', 'auditor'])).toEqual(
    new Set([...ROLE_TABLE['help-desk'].permissions, ...ROLE_TABLE.auditor.permissions]),
  )
})

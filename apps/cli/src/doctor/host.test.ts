import { expect, test } from 'vitest'
import { checkMediaOrigin } from './host.ts'

test('UP-05 files without an origin of their own are worth a warning, except on this machine alone', () => {
  expect(checkMediaOrigin({ bind: '0.0.0.0' }, undefined)).toMatchObject({ level: 'warn' })
  expect(checkMediaOrigin({ bind: '127.0.0.1' }, undefined)).toMatchObject({ level: 'ok' })
  expect(checkMediaOrigin({ bind: '0.0.0.0' }, 'https://files.example.com')).toMatchObject({
    level: 'ok',
    detail: 'https://files.example.com',
  })
})

import { expect, test } from 'vitest'
import { z } from 'zod'
import { ADMIN_ROUTES } from './admin-api.ts'
import { sentenceOf, sentencesOf } from './sentence.ts'

function said(schema: z.ZodType, value: unknown): string[] {
  return sentencesOf(schema.safeParse(value).error?.issues ?? [], value)
}

const account = ADMIN_ROUTES.createAccount.body
const rule = ADMIN_ROUTES.addClientRule.body

test.each([
  [account, { name: 'alice', password: 'x'.repeat(1_025) }, 'The password has at most 1024 characters.'],
  [account, { name: '' }, 'The name cannot be empty.'],
  [account, { name: 'Carol@localhost' }, 'The name contains an @: leave off the domain.'],
  [account, { name: 'a"b' }, 'The name contains a character that no account name may have: "\\"".'],
  [account, { name: 'alice', isAdmin: 'yes' }, 'isAdmin is true or false.'],
  [account, { name: 'alice', role: 'king' }, 'The request has no field "role".'],
  [account, [], 'The request is an object.'],
  [account, undefined, 'The request is an object.'],
  [ADMIN_ROUTES.importAccounts.body, { accounts: [{ name: 'a' }, 7] }, 'Row 2 is an object.'],
  [rule, { below: '1.0', action: 'notify' }, 'family is missing.'],
  [rule, { family: 'gajim', below: '1.0', action: 'shout' }, /^action is one of allow, observe, notify, /],
  [ADMIN_ROUTES.listAccounts.query, { limit: '501' }, 'limit is at most 500.'],
])('a request is told what is wrong with it', (schema, value, sentence) =>
  expect(said(schema as z.ZodType, value)).toEqual([
    typeof sentence === 'string' ? sentence : expect.stringMatching(sentence),
  ]),
)

test('a setting is told with its value, unless that may not be shown', () => {
  const [issue] = z.coerce.number().int().max(5_000).safeParse('60000').error?.issues ?? []
  if (issue === undefined) throw new Error('no issue')
  expect(sentenceOf(issue, { name: 'DRAWBRIDGE_X', value: '60000', shown: 'is 60000' })).toBe(
    'DRAWBRIDGE_X is 60000; it is at most 5000.',
  )
  expect(sentenceOf(issue, { name: 'DRAWBRIDGE_X', value: undefined })).toBe('DRAWBRIDGE_X is missing.')
})

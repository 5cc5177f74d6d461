import { QUESTIONS } from '@drawbridge/policy'
import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const SRC = fileURLToPath(new URL('..', import.meta.url))

/** Every place that may ask, with what it asks. A new entrance is added here together with its tests. */
const ENTRANCES = [
  'admin/accounts.ts account.create',
  'admin/router.ts http.request',
  'features/link-previews.ts media.read',
  'features/muc/enter.ts room.join',
  'features/registration/create.ts account.create',
  'features/upload/get.ts media.read',
  'features/upload/put.ts upload.put',
  'features/upload/slot.ts upload.request',
  'jobs/send-push.ts push.send',
  'routing/judge.ts stanza.route',
  'routing/publication.ts upload.publish',
  'routing/re-host.ts upload.request',
  'stream/admission.ts session.open',
  'streams.ts session.open',
  'streams.ts session.resume',
]

test('the entrances that ask the rules are these, not one more and not one less', () => {
  const found = globSync('**/*.ts', { cwd: SRC })
    .filter((file) => !file.endsWith('.test.ts') && file !== 'policy/gate.ts')
    .flatMap((file) => {
      const text = readFileSync(`${SRC}/${file}`, 'utf8')
      return [...text.matchAll(/\bask\(([^{]*)\{?/gu)].flatMap(([, args = '']) =>
        QUESTIONS.filter((question) => args.includes(`'${question}'`)).map((question) => `${file} ${question}`),
      )
    })
  expect([...new Set(found)].toSorted()).toEqual(ENTRANCES)
  expect(new Set(ENTRANCES.map((entrance) => entrance.split(' ')[1]))).toEqual(new Set(QUESTIONS))
})

/** Control §3.4: the rows about signing in, what is asked where, and the test that shows how a client is refused. */
const SIGN_IN_ENTRANCES = [
  ['SASL2', 'streams.ts session.open'],
  ['SASL2 without Bind2', 'stream/admission.ts session.open'],
  ['Bind2', 'stream/admission.ts session.open'],
  ['FAST', 'streams.ts session.open'],
  ['classic bind', 'stream/admission.ts session.open'],
  ['XEP-0198 resume', 'streams.ts session.resume'],
] as const

test('every way to sign in is an entrance with a test of its refusal', () => {
  const tests = readFileSync(`${SRC}/../test/streams/entrances.story.test.ts`, 'utf8')
  for (const [way, asks] of SIGN_IN_ENTRANCES) {
    expect(ENTRANCES).toContain(asks)
    expect(tests).toContain(`test('${way}: `)
  }
  const titles = [...tests.matchAll(/^test\('([^:']+): /gmu)].map(([, way]) => way)
  expect(new Set(titles)).toEqual(new Set(SIGN_IN_ENTRANCES.map(([way]) => way)))
})

test('only the gate decides', () => {
  const deciding = globSync('**/*.ts', { cwd: SRC }).filter(
    (file) =>
      !file.endsWith('.test.ts') &&
      /import \{[^}]*\bdecide\b[^}]*\} from '@drawbridge\/policy'/u.test(readFileSync(`${SRC}/${file}`, 'utf8')),
  )
  expect(deciding).toEqual(['policy/gate.ts'])
})

import { QUESTIONS } from '@drawbridge/policy'
import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { FEATURES } from '../features/index.ts'

const SRC = fileURLToPath(new URL('..', import.meta.url))

/** Every place that may ask, with what it asks. A new entrance is added here together with its tests. */
const ENTRANCES = [
  'admin/accounts.ts account.create',
  'admin/router.ts http.request',
  'features/link-previews.ts media.read',
  'features/muc/enter.ts room.join',
  'features/push/service.ts push.register',
  'features/registration/create.ts account.create',
  'features/upload/get.ts media.read',
  'features/upload/put.ts upload.put',
  'features/upload/slot.ts upload.request',
  'jobs/send-push.ts push.send',
  'routing/judge.ts stanza.route',
  'routing/publication.ts upload.publish',
  'routing/re-host.ts upload.request',
  'stream/admission.ts session.open',
  'stream/oidc/provision.ts account.create',
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

interface EntranceRow {
  readonly way: string
  /** What is asked there, and where; nothing where everybody is served. */
  readonly asks: readonly string[]
  /** The test of how a client is refused there: its file, from the root, and how its title begins. */
  readonly test: readonly [file: string, title: string]
}

const STREAMS = 'apps/server/test/streams/entrances.story.test.ts'
const row = (way: string, ...asks: string[]): EntranceRow => ({ way, asks, test: [STREAMS, `control §7.2 ${way}: `] })

/** THE table of the ways in for clients (control §3.4). Components have no client: their operator gives each a secret. */
const WAYS_IN: readonly EntranceRow[] = [
  { way: 'web page, update page', asks: [], test: ['e2e/web/update.test.ts', 'control §7.11 '] },
  row('WebSocket', 'stream/admission.ts session.open'),
  row('BOSH', 'stream/admission.ts session.open'),
  row('classic bind', 'stream/admission.ts session.open'),
  row('SASL2', 'streams.ts session.open'),
  row('SASL2 without Bind2', 'stream/admission.ts session.open'),
  row('Bind2', 'stream/admission.ts session.open'),
  row('FAST', 'streams.ts session.open'),
  {
    way: 'OAUTHBEARER',
    asks: ['streams.ts session.open'],
    test: ['apps/server/test/streams/oauth.story.test.ts', 'control §7.2 OAUTHBEARER: '],
  },
  row('XEP-0198 resume', 'streams.ts session.resume'),
  row('caps change', 'stream/admission.ts session.open'),
  row('API token', 'admin/router.ts http.request'),
  row('upload slot', 'features/upload/slot.ts upload.request', 'routing/re-host.ts upload.request'),
  row('upload PUT', 'features/upload/put.ts upload.put'),
  row('media GET', 'features/upload/get.ts media.read', 'features/link-previews.ts media.read'),
  row('push registration', 'features/push/service.ts push.register'),
  {
    way: 'push',
    asks: ['jobs/send-push.ts push.send'],
    test: ['apps/server/src/policy/scopes.story.test.ts', 'a client that is locked out hears once'],
  },
]

/** Questions that rules about clients do not answer. */
const NOT_ABOUT_CLIENTS = ['account.create', 'room.join', 'stanza.route', 'upload.publish']

test('control §3.4 every way in has a row, and every row a test of its refusal', () => {
  for (const {
    way,
    asks,
    test: [file, title],
  } of WAYS_IN) {
    for (const one of asks) expect(ENTRANCES, way).toContain(one)
    expect(readFileSync(`${SRC}/../../../${file}`, 'utf8'), way).toContain(`test('${title}`)
  }
  const asked = new Set(WAYS_IN.flatMap(({ asks }) => asks))
  const aboutClients = ENTRANCES.filter(
    (entrance) => !NOT_ABOUT_CLIENTS.some((question) => entrance.endsWith(question)),
  )
  expect(asked).toEqual(new Set(aboutClients))
  const titles = [...readFileSync(`${SRC}/../../../${STREAMS}`, 'utf8').matchAll(/^test\('control §7\.2 ([^:']+): /gmu)]
  expect(new Set(titles.map(([, way]) => way))).toEqual(
    new Set(WAYS_IN.filter(({ test: [file] }) => file === STREAMS).map(({ way }) => way)),
  )
})

/** Paths that features answer over HTTP, and what is asked there; nothing where everybody is served. */
const HTTP_PATHS: Readonly<Record<string, readonly string[]>> = {
  'GET /invite/': [],
  'POST /invite/': ['features/registration/create.ts account.create'],
  // A token is of use to nobody who is not let in elsewhere.
  'POST /client-token': [],
  'GET /.well-known/host-meta': [],
  'GET /.well-known/host-meta.json': [],
  'GET /upload-status/': [],
  'PUT /upload/': ['features/upload/put.ts upload.put'],
  'GET /upload/': ['features/upload/get.ts media.read'],
  'HEAD /upload/': ['features/upload/get.ts media.read'],
  'OPTIONS /upload/': [],
}

test('control §3.4 no feature answers over HTTP at a path that nobody has judged', () => {
  const found = FEATURES.flatMap(({ http = [] }) => http.map(({ method, path }) => `${method} ${path}`))
  expect(found.toSorted()).toEqual(Object.keys(HTTP_PATHS).toSorted())
  for (const one of Object.values(HTTP_PATHS).flat()) expect(ENTRANCES).toContain(one)
})

test('only the gate decides', () => {
  const deciding = globSync('**/*.ts', { cwd: SRC }).filter(
    (file) =>
      !file.endsWith('.test.ts') &&
      /import \{[^}]*\bdecide\b[^}]*\} from '@drawbridge\/policy'/u.test(readFileSync(`${SRC}/${file}`, 'utf8')),
  )
  expect(deciding).toEqual(['policy/gate.ts'])
})

import type { FileClass } from '@drawbridge/contract'
import { expect, test } from 'vitest'
import { fileHttp } from '../../test/files.ts'
import { administratorOf } from '../../test/people.ts'
import { story } from '../../test/story.ts'
import type { StoryOptions } from '../../test/story.ts'

/** A company where a file is what its name says before the dot: `executable.zip` holds a program. */
async function company(options: StoryOptions = {}) {
  const asked: string[] = []
  const s = await story(
    { alice: 1, bob: 1 },
    {
      doesJobs: true,
      sanitize: () => ({ outcome: 'not-an-image' }),
      inspect: async (bytes, extension) => {
        asked.push(extension)
        return { kind: 'unknown', classes: Buffer.from(bytes).toString().split(' ') as FileClass[], entries: 0 }
      },
      ...options,
    },
  )
  const http = await fileHttp(s.server)
  const close = () => s[Symbol.asyncDispose]()
  return {
    ...s,
    asked,
    http,
    admin: administratorOf(s.server),
    async [Symbol.asyncDispose]() {
      await http[Symbol.asyncDispose]()
      await close()
    },
  }
}

test('a file of an ordinary kind passes and is served as an attachment', async () => {
  await using s = await company()
  const put = await s.http.upload(s.alice, 'report.pdf', 'document')
  expect(put.status).toBe(201)
  expect(s.asked).toEqual(['pdf'])
  const got = await s.http.send('GET', put.url)
  expect(got).toMatchObject({ status: 200, body: 'document' })
  expect(got.headers['content-type']).toBe('application/octet-stream')
})

test.each([
  ['executable', 'Programme'],
  ['macros', 'Makros'],
  ['encrypted-archive', 'Passwort'],
  ['unsafe-archive', 'beschädigt'],
  ['opaque', 'verschlüsselt'],
])('a file that holds %s is refused with what to do about it, and nothing of it is served', async (name, word) => {
  await using s = await company()
  const put = await s.http.upload(s.alice, 'a.zip', `archive ${name}`)
  expect(put.status).toBe(422)
  expect(JSON.parse(put.body)).toMatchObject({ type: '/problems/file-type-refused', reason: name })
  expect((await s.http.send('GET', put.url)).status).toBe(404)

  const { german } = await germanAnswer(s, `archive ${name}`)
  expect(german.detail).toContain(word)
})

test('what a unit lets pass passes for its members only', async () => {
  await using s = await company()
  await s.admin('createUnit', {}, { name: 'dev', displayName: 'Dev' })
  await s.admin('addUnitMembers', { name: 'dev' }, { members: ['alice'] })
  await s.admin('setUnitMediaPolicy', { name: 'dev' }, { refuseUpload: ['executable'], e2ee: 'client-sanitize' })
  expect((await s.http.upload(s.alice, 'x.sh', 'script text')).status).toBe(201)
  expect((await s.http.upload(s.alice, 'x', 'opaque')).status).toBe(201)
  expect((await s.http.upload(s.alice, 'x', 'executable')).status).toBe(422)
  expect((await s.http.upload(s.bob, 'x', 'script text')).status).toBe(422)
})

test('what is refused by its name is refused when the slot is asked for, with what to do about it (XEP-0363 §5)', async () => {
  await using s = await company()
  const ask = async (filename: string) => {
    const answer = await s.alice.ask(
      'get',
      `<request xmlns="urn:xmpp:http:upload:0" filename="${filename}" size="9"/>`,
      'im.test',
    )
    const error = answer.getChild('error')
    const reason = error?.getChild('file-refused', 'urn:drawbridge:upload:1')?.attrs['reason']
    return reason === undefined ? 'slot' : [error?.getChildElements()[0]?.name, reason, error?.getChildText('text')]
  }
  expect(await ask('Setup.EXE')).toEqual(['not-acceptable', 'executable', expect.stringContaining('Programs')])
  expect(await ask('run.ps1')).toEqual(['not-acceptable', 'script', expect.stringContaining('Scripts')])
  expect(await ask('budget.xlsm')).toEqual(['not-acceptable', 'macros', expect.stringContaining('without macros')])
  expect(await ask('budget.xlsx')).toBe('slot')
  expect(s.asked).toEqual([])
  const { policy } = await s.admin('getMediaPolicy', {})
  await s.admin('setMediaPolicy', {}, { ...policy, refuseUpload: [] })
  expect(await ask('Setup.EXE')).toBe('slot')
})

test('what may not be fetched any more is not fetched, whenever it came', async () => {
  await using s = await company()
  const { url } = await s.http.upload(s.alice, 'film.mp4', 'video')
  expect((await s.http.send('GET', url)).status).toBe(200)
  const { policy } = await s.admin('getMediaPolicy', {})
  await s.admin('setMediaPolicy', {}, { ...policy, refuseDownload: ['video'] })
  const refused = await s.http.send('GET', url)
  expect(refused.status).toBe(403)
  expect(refused.body).not.toContain('video ')
  await s.admin('setMediaPolicy', {}, policy)
  expect((await s.http.send('GET', url)).status).toBe(200)
})

async function germanAnswer(s: Awaited<ReturnType<typeof company>>, body: string) {
  const answer = await s.alice.ask(
    'get',
    `<request xmlns="urn:xmpp:http:upload:0" filename="a.zip" size="${body.length}"/>`,
    'im.test',
  )
  const put = answer.getChild('slot')!.getChild('put')!
  const headers = {
    authorization: put.getChildText('header')!,
    'content-length': String(body.length),
    'accept-language': 'de',
  }
  const { body: text } = await s.http.send('PUT', put.attrs['url']!, Buffer.from(body), headers)
  return { german: JSON.parse(Buffer.from(text, 'latin1').toString()) as { detail: string } }
}

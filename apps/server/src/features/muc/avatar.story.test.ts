import { openDatabase } from '@drawbridge/db'
import { FILTER_VERSION } from '@drawbridge/image-filter'
import { cleanImage } from '@drawbridge/testkit'
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { story } from '../../../test/story.ts'
import { loadRooms } from './rooms.ts'

const RAW = Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\rIHDR as somebody sent it', 'latin1').toString('base64')
const CLEAN = Buffer.from('made by our encoder')

test('images row 17: the picture of a room that no filter has seen passes it before anybody sees it, once', async () => {
  let asked = 0
  const sanitize = () => {
    asked += 1
    return cleanImage({ bytes: CLEAN })
  }
  await using s = await story({ alice: 1 }, { sanitize })
  const hall = 'hall@rooms.im.test'
  await s.alice.send(`<presence to="${hall}/alice"><x xmlns="http://jabber.org/protocol/muc"/></presence>`)
  const submit = '<query xmlns="http://jabber.org/protocol/muc#owner"><x xmlns="jabber:x:data" type="submit"/></query>'
  await s.alice.ask('set', submit, hall)
  await using database = openDatabase(s.databaseUrl)
  const photo = `<PHOTO><TYPE>image/png</TYPE><BINVAL>${RAW}</BINVAL></PHOTO><PHOTO><EXTVAL>http://evil.test/a.png</EXTVAL></PHOTO>`
  await database.pool.query(`update room set vcard = $1`, [`<vCard xmlns="vcard-temp">${photo}</vCard>`])
  await loadRooms(s.server.ctx)
  const look = async () => (await s.alice.ask('get', '<vCard xmlns="vcard-temp"/>', hall)).toString()
  const first = await look()
  expect(first).toContain(`<BINVAL>${CLEAN.toString('base64')}</BINVAL>`)
  expect(first).not.toMatch(/iVBOR|evil\.test/)
  expect((await look()).replace(/id="[^"]*"/, '')).toBe(first.replace(/id="[^"]*"/, ''))
  expect(asked).toBe(1)
  const { rows } = await database.pool.query('select vcard_filter_version, vcard, photo_sha1s from room')
  expect(rows[0]).toMatchObject({
    vcard_filter_version: FILTER_VERSION,
    photo_sha1s: [createHash('sha1').update(CLEAN).digest('hex')],
  })
  expect(rows[0].vcard).not.toContain('iVBOR')
})

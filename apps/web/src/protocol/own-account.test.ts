import { C2S_LIMITS, parseElement } from '@drawbridge/xmpp'
import { expect, test } from 'vitest'
import { parseDevices } from './devices.ts'
import { parsePreview } from './preview.ts'
import { isFull, parseQuotas } from './quotas.ts'

const iq = (inside: string) => parseElement(`<iq xmlns="jabber:client">${inside}</iq>`, C2S_LIMITS)

test('XEP-0494 §3.1: this device comes first, then those that are here, then by when they were', () => {
  const client = (id: string, connected: boolean, lastSeen: string, inside = '') =>
    `<client id="${id}" connected="${connected}" type="session"><last-seen>${lastSeen}</last-seen>` +
    `<auth><password/></auth><permission status="unrestricted"/>${inside}</client>`
  const agent = '<user-agent><software>Gajim</software><device>Laptop</device></user-agent>'
  const own =
    '<client xmlns="urn:drawbridge:client:1" name="drawbridge-web" version="1.2.3" os="linux"/><this xmlns="urn:drawbridge:client:1"/>'
  const devices = parseDevices(
    iq(
      '<clients xmlns="urn:xmpp:cam:0">' +
        client('old', false, '2026-01-01T00:00:00Z') +
        client('away', false, '2026-06-01T00:00:00Z', agent) +
        client('here', true, '2026-05-01T00:00:00Z') +
        client('this', true, 'nonsense', own) +
        '</clients>',
    ),
  )
  expect(devices.map(({ id }) => id)).toEqual(['this', 'here', 'away', 'old'])
  expect(devices[0]).toMatchObject({ isThis: true, software: 'drawbridge-web 1.2.3', place: 'Linux' })
  expect(devices[0]?.lastSeenAt).toBeUndefined()
  expect(devices[2]).toMatchObject({ isThis: false, software: 'Gajim', place: 'Laptop', knowsPassword: true })
  expect(parseDevices(iq(''))).toEqual([])
})

test('quotas say what is used and what may be, and which are full', () => {
  const quotas = parseQuotas(
    iq(
      '<quotas xmlns="urn:drawbridge:upload:1"><quota kind="day" used="10" limit="100"/><quota kind="stored" used="5"/>' +
        '<quota kind="unit" name="sales" used="7" limit="7"/><quota kind="other" used="1"/><quota kind="day" used="x"/></quotas>',
    ),
  )
  expect(quotas).toEqual([
    { kind: 'day', name: undefined, usedBytes: 10, limitBytes: 100 },
    { kind: 'stored', name: undefined, usedBytes: 5, limitBytes: undefined },
    { kind: 'unit', name: 'sales', usedBytes: 7, limitBytes: 7 },
  ])
  expect(quotas.map(isFull)).toEqual([false, false, true])
})

test('a preview is texts of a bounded length, and bytes; one that says nothing is none', () => {
  const preview = (inside: string) =>
    parsePreview(iq(`<preview xmlns="urn:drawbridge:preview:1" url="https://a.test/">${inside}</preview>`))
  const image = (data: string) => `<image><data xmlns="urn:xmpp:bob" cid="x" type="image/png">${data}</data></image>`
  expect(preview(`<title> A &lt;b&gt; </title>${image('AQID')}`)).toEqual({
    title: 'A <b>',
    description: undefined,
    siteName: undefined,
    image: new Uint8Array([1, 2, 3]),
  })
  expect(preview(`<title>${'x'.repeat(5_000)}</title>${image('%%%')}`)).toMatchObject({
    title: 'x'.repeat(400),
    image: undefined,
  })
  expect(preview('<site-name>A</site-name>')).toBeUndefined()
})

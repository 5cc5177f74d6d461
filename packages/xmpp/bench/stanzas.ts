// What a client stream carries, in about the mix of a working day: messages, presence, requests and their answers.

const message = (i: number) =>
  `<message xmlns='jabber:client' type='chat' to='bob@im.test' id='m${i}a7f3'><body>See you at ${i % 24} o'clock, room ${i % 40}.</body>` +
  `<active xmlns='http://jabber.org/protocol/chatstates'/><origin-id xmlns='urn:xmpp:sid:0' id='m${i}a7f3'/></message>`
const chatState = (i: number) =>
  `<message to="carol@im.test/phone.${i}" id="s${i}" type="chat"><composing xmlns="http://jabber.org/protocol/chatstates"/>` +
  `<no-store xmlns="urn:xmpp:hints"/></message>`
const presence = (i: number) =>
  `<presence id='p${i}'><show>away</show><status>In a meeting until ${i % 12}</status><priority>5</priority>` +
  `<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='https://gajim.org' ver='QgayPKawpkPSDYmwT/WM94uAlu0='/></presence>`
const ping = (i: number) => `<iq type='get' to='im.test' id='x${i}'><ping xmlns='urn:xmpp:ping'/></iq>`
const ack = (i: number) => `<a xmlns='urn:xmpp:sm:3' h='${i}'/><r xmlns='urn:xmpp:sm:3'/>`
const archive = (i: number) =>
  `<iq type='set' id='q${i}'><query xmlns='urn:xmpp:mam:2' queryid='f${i}'><x xmlns='jabber:x:data' type='submit'>` +
  `<field var='FORM_TYPE' type='hidden'><value>urn:xmpp:mam:2</value></field><field var='with'><value>bob@im.test</value></field></x>` +
  `<set xmlns='http://jabber.org/protocol/rsm'><max>50</max><before/></set></query></iq>`
const long = (i: number) =>
  `<message type='groupchat' to='room@rooms.im.test' id='l${i}'><body>${'The quick brown fox jumps over the lazy dog. '.repeat(8)}</body></message>`
const foreign = (i: number) =>
  `<message type='chat' to='bob@im.test' id='u${i}'><body>Größe: ${i} €, schöne Grüße 😀</body><request xmlns='urn:xmpp:receipts'/></message>`

export const STREAM_START =
  "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='im.test' version='1.0'>"

/** `count` stanzas; `ascii` leaves out those with other characters. */
export function typicalStanzas(count: number, ascii = true): string[] {
  const mix = [message, chatState, message, presence, message, ping, ack, message, archive, long, message, chatState]
  if (!ascii) mix.push(foreign, foreign)
  return Array.from({ length: count }, (_, i) => mix[i % mix.length]!(i))
}

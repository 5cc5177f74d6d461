import { xml } from '@drawbridge/xmpp'
import type { TestClient } from './xmpp-client.ts'

/** Sends chat messages without waiting in between; resolves when the server has made the last one durable. */
export async function sendAll(from: TestClient, to: string, bodies: readonly string[]): Promise<void> {
  const already = from.acked()
  for (const body of bodies) {
    from.send(xml('message', { to, type: 'chat', id: crypto.randomUUID() }, xml('body', {}, body)))
  }
  from.send('<r xmlns="urn:xmpp:sm:3"/>')
  await from.next(({ name, attrs }) => name === 'a' && Number(attrs['h']) >= already + bodies.length, 30_000)
}

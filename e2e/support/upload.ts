import { xml } from '@drawbridge/xmpp'
import type { TestClient } from './xmpp-client.ts'

const NS_UPLOAD = 'urn:xmpp:http:upload:0'

export interface UploadOutcome {
  readonly status: number
  /** Where the file is, or would be. */
  readonly url: string
  /** The body of the answer, parsed. */
  readonly body: { readonly type?: string; readonly reason?: string; readonly title?: string; readonly detail?: string }
}

/** Shares a file the standard way: a slot (XEP-0363), then one PUT. Rejects when no slot is given. */
export async function upload(
  client: Pick<TestClient, 'ask'>,
  filename: string,
  bytes: Uint8Array,
  type: string,
): Promise<UploadOutcome> {
  const request = xml('request', { xmlns: NS_UPLOAD, filename, size: bytes.length, 'content-type': type })
  const answer = await client.ask('get', request, 'localhost')
  const slot = answer.getChild('slot', NS_UPLOAD)
  if (!slot) throw new Error(`no slot: ${answer.toString()}`)
  const put = slot.getChild('put')
  const headers = Object.fromEntries(
    (put?.getChildren('header') ?? []).map((header) => [header.attrs['name'], header.getText()]),
  )
  const response = await fetch(put?.attrs['url'] ?? '', {
    method: 'PUT',
    headers: { ...headers, 'content-type': type },
    body: Buffer.from(bytes),
  })
  const text = await response.text()
  return {
    status: response.status,
    url: slot.getChild('get')?.attrs['url'] ?? '',
    body: text === '' ? {} : JSON.parse(text),
  }
}

import { xml, type Element } from '../element.ts'
import { NS_SHIM } from '../ns.ts'

/** Most headers of one stanza, and the longest value, in characters. */
const MAX_HEADERS = 32
const MAX_VALUE = 1_024
/** What mail, HTTP and SIP can name a header (RFC 9110 §5.1). */
const NAME = /^[\w!#$%&'*+.^`|~-]{1,64}$/
/** A line break would be another header on the other side of a gateway. */
const CONTROLS = /[\p{Cc}\u2028\u2029]/u

/** What no client says in a header (XEP-0131 §8), in lower case: gateways and readers would take it at its word. */
export const REFUSED_HEADERS: ReadonlySet<string> = new Set([
  // Who speaks, to whom and by which way: that is in the addresses of a stanza, and checked there.
  ...['from', 'sender', 'to', 'cc', 'bcc', 'reply-to', 'contact', 'return-path', 'received', 'via', 'route'],
  ...['record-route', 'resent-bcc', 'resent-cc', 'resent-date', 'resent-from', 'resent-message-id', 'resent-sender'],
  ...['resent-to', 'max-forwards'],
  // Secrets.
  ...['authorization', 'proxy-authorization', 'authentication-info', 'www-authenticate', 'proxy-authenticate'],
  ...['cookie', 'set-cookie'],
  // Addresses that a client might load, images and sounds of callers among them.
  ...['alert-info', 'call-info', 'error-info', 'location', 'content-location', 'referer', 'link', 'refresh'],
  // Where a message ends, on the other side of a gateway.
  ...['connection', 'content-encoding', 'content-length', 'content-transfer-encoding', 'expect', 'host', 'te'],
  ...['trailer', 'transfer-encoding', 'upgrade'],
  // What a pubsub service says of a notification (XEP-0060 §7.1.2.4).
  ...['subid', 'collection'],
])

export interface Header {
  readonly name: string
  readonly value: string
}

/** XEP-0131 §4: in a message and a presence as their last child, in a request inside its payload. */
export function buildHeaders(headers: readonly Header[]): Element {
  return xml(
    'headers',
    { xmlns: NS_SHIM },
    headers.map(({ name, value }) => xml('header', { name }, value)),
  )
}

/**
 * Leaves of the headers in an element what a client may say: plain ones, of one line each, and not too many. Everything
 * else of them goes, and a list in which nothing is left.
 */
export function cleanHeaders(parent: Element): void {
  const lists = parent.getChildren('headers', NS_SHIM)
  if (lists.length === 0) return
  const headers = lists
    .flatMap((list) => list.getChildren('header'))
    .map((header): Header => ({ name: header.attrs['name'] ?? '', value: header.getText() }))
    .filter(isHarmless)
    .slice(0, MAX_HEADERS)
  for (const list of lists) parent.remove(list)
  if (headers.length > 0) parent.append(buildHeaders(headers))
}

function isHarmless({ name, value }: Header): boolean {
  return (
    NAME.test(name) && !REFUSED_HEADERS.has(name.toLowerCase()) && value.length <= MAX_VALUE && !CONTROLS.test(value)
  )
}

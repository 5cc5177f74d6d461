// RFC 3986 appendix A, without what is inside of brackets: no namespace has the address of a host. A port has digits, as
// libxml2 wants it.
const PART = String.raw`(?:[\w.~!$&'()*+,;=:@-]|%[\dA-Fa-f]{2})`
const NAME = String.raw`(?:[\w.~!$&'()*+,;=-]|%[\dA-Fa-f]{2})`
const AUTHORITY = String.raw`(?:(?:(?:${NAME}|:)*@)?${NAME}+(?::\d+)?)?`
const URI_REFERENCE = new RegExp(
  // Without a scheme the first segment has no colon (§4.2).
  String.raw`^(?:[A-Za-z][A-Za-z\d+.-]*:|(?![^/?#]*:))` +
    `(?://${AUTHORITY}(?:/${PART}*)*|/?(?:${PART}+(?:/${PART}*)*)?)` +
    String.raw`(?:\?(?:${PART}|[/?])*)?(?:#(?:${PART}|[/?])*)?$`,
)

const MAX_KNOWN = 1024
const known = new Set<string>()

/**
 * Whether a namespace is a URI reference, as it must be (Namespaces in XML §2.1). Parsers disagree about what to do when
 * it is none: expat ends the stream at one with the character by which its user has it separate namespace and name, a
 * space in Gajim, a brace in slixmpp; libxml2, and so a browser, takes any for an error.
 */
export function isUriReference(text: string): boolean {
  if (known.has(text)) return true
  if (!URI_REFERENCE.test(text)) return false
  // The namespaces of the protocols are few; what senders invent must not pile up here.
  if (known.size >= MAX_KNOWN) known.clear()
  known.add(text)
  return true
}

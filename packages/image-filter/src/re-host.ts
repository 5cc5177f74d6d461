import { NS_FALLBACK, NS_OOB, NS_REFERENCE, NS_URL_DATA, xml } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { isLoaded, NS_ATOM, NS_MEDIA_ELEMENT } from './links.ts'
import type { Pass } from './pass.ts'
import { walk } from './walk.ts'

// Row 3, and what of rows 4, 18, 20 and 21 names a file: where a client would load something from another host, the
// server has fetched it, made it anew, and it is a link of ours, before any rule looks at it. What could not be had is
// left to the rules, which take it out.

/** Links of one stanza that are fetched; further ones go, as all do where nothing is fetched. */
const MAX_FETCHED = 4
const MAX_URL_LENGTH = 2_048

/** A link that makes clients load what is behind it. */
interface LoadedLink {
  readonly url: string
  replace(url: string): void
}

/** Where the elements of a namespace hold such a link. */
const PLACES: Readonly<Record<string, (element: Element) => LoadedLink | undefined>> = {
  [NS_OOB]: (element) => (element.name === 'url' ? inText(element) : undefined),
  [NS_URL_DATA]: (element) => inAttribute(element, 'target'),
  [NS_REFERENCE]: (element) => inAttribute(element, 'uri'),
  [NS_MEDIA_ELEMENT]: (element) => (element.name === 'uri' ? inText(element) : undefined),
  [NS_ATOM]: (element) => {
    if (element.name === 'icon' || element.name === 'logo') return inText(element)
    return isLoaded(element) ? inAttribute(element, 'href') : undefined
  },
}

/** Links to other hosts that clients would load: of a message or an item, as nothing else shares anything. */
export function foreignLinks({ root, lookups }: Pass): LoadedLink[] {
  if (root.name !== 'message' && root.name !== 'item') return []
  const found: LoadedLink[] = []
  for (const { element, namespace } of walk(root)) {
    const link = PLACES[namespace]?.(element)
    if (!link || !/^https?:\/\//i.test(link.url) || lookups.isOwnLink(link.url)) continue
    if (!isSpare(element, (url) => lookups.isOwnLink(url))) found.push(link)
  }
  return found
}

/** Of several sources of one file only one would stay: ours, or else the first. */
function isSpare(element: Element, isOwn: (url: string) => boolean): boolean {
  const { parent } = element
  if (parent?.name !== 'sources') return false
  const sources = parent.getChildElements()
  return sources[0] !== element || sources.some(({ attrs }) => isOwn(attrs['uri'] ?? attrs['target'] ?? ''))
}

/** Replaces what can be re-hosted by links of ours, and returns the others. Never rejects: what fails stays what it was. */
export async function reHost(links: readonly LoadedLink[], pass: Pass): Promise<LoadedLink[]> {
  const urls = [...new Set(links.map(({ url }) => url))].slice(0, MAX_FETCHED)
  const deadline = pass.fetchDeadline
  const ours = new Map<string, string>()
  await Promise.all(
    urls.map(async (url) => {
      const own = url.length > MAX_URL_LENGTH ? undefined : await pass.lookups.reHost?.(url, deadline)
      if (own !== undefined) ours.set(url, own)
    }),
  )
  for (const { url, replace } of links) {
    const own = ours.get(url)
    if (own !== undefined) replace(own)
  }
  for (const body of pass.root.getChildren('body')) {
    const text = body.getText()
    const own = ours.get(text)
    if (own !== undefined) replaceBody(body, text, own, pass)
  }
  return links.filter(({ url }) => !ours.has(url))
}

/**
 * A body that is the link and nothing else stands for the file: clients compare both (XEP-0066 §4 as it is used,
 * XEP-0447 §3.4). What points to all of it (XEP-0372, XEP-0428) goes on doing so.
 */
function replaceBody(body: Element, before: string, after: string, { root }: Pass): void {
  body.children = [after]
  const end = String([...before].length)
  for (const { element, namespace } of walk(root)) {
    if (namespace !== NS_FALLBACK && namespace !== NS_REFERENCE) continue
    if (element.attrs['end'] === end) element.attrs['end'] = String([...after].length)
  }
}

/** A message that says nothing beside such a link says it in its text, where it loads nothing. Before anything is judged. */
export function keepAsText(links: readonly LoadedLink[], { root, around }: Pass): void {
  if (!around.keepsLinks || root.name !== 'message' || root.getChild('body')) return
  const urls = new Set(links.map(({ url }) => url).filter(({ length }) => length <= MAX_URL_LENGTH))
  if (urls.size > 0) root.append(xml('body', {}, [...urls].slice(0, MAX_FETCHED).join('\n')))
}

function inText(element: Element): LoadedLink {
  return { url: element.getText().trim(), replace: (url) => void (element.children = [url]) }
}

function inAttribute({ attrs }: Element, name: string): LoadedLink {
  return { url: attrs[name] ?? '', replace: (url) => void (attrs[name] = url) }
}

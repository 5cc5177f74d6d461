/** What a page says about itself, as plain text. */
export interface PageMetadata {
  readonly title?: string
  readonly description?: string
  readonly siteName?: string
  /** As written: not resolved and not checked. */
  readonly image?: string
}

const LOOKED_AT = 262_144
const MAX_META = 200
const MAX_ATTRIBUTES = 20
const MAX_TEXT = { title: 200, description: 500, siteName: 100, image: 2_048 } as const

/** Names of properties by what they are for, the best first. */
const SOURCES: Readonly<Record<keyof PageMetadata, readonly string[]>> = {
  title: ['og:title', 'twitter:title'],
  description: ['og:description', 'twitter:description', 'description'],
  siteName: ['og:site_name', 'application-name'],
  image: ['og:image:secure_url', 'og:image', 'og:image:url', 'twitter:image', 'twitter:image:src'],
}

/**
 * Reads `<meta>` and `<title>` of the head by a tokenizer that goes forward only: whatever a page is made of, it costs one
 * pass over its first 256 KiB.
 */
export function readPage(bytes: Buffer, contentType: string): PageMetadata {
  const html = decode(bytes.subarray(0, LOOKED_AT), contentType)
  const lower = html.toLowerCase()
  const properties = new Map<string, string>()
  let title: string | undefined
  let metas = 0
  for (let at = html.indexOf('<'); at !== -1 && metas < MAX_META; at = html.indexOf('<', at)) {
    if (html.startsWith('<!--', at)) {
      const end = html.indexOf('-->', at + 4)
      if (end === -1) break
      at = end + 3
      continue
    }
    const name = /^<(\/?[a-z][a-z0-9]{0,10})(?=[\s/>])/i.exec(html.slice(at, at + 16))?.[1]?.toLowerCase()
    if (name === 'body' || name === '/head') break
    const { attributes, end } = readAttributes(html, at + 1 + (name?.length ?? 0))
    at = end
    if (name === 'meta') {
      metas += 1
      const key = (attributes.get('property') ?? attributes.get('name'))?.toLowerCase()
      const content = attributes.get('content')
      if (key !== undefined && content !== undefined && !properties.has(key)) properties.set(key, content)
    } else if (name === 'title' || name === 'script' || name === 'style') {
      const close = lower.indexOf(`</${name}`, at)
      if (close === -1) break
      if (name === 'title') title ??= html.slice(at, close)
      at = close
    }
  }
  const found = (field: keyof PageMetadata) => {
    const key = SOURCES[field].find((source) => properties.has(source))
    const text = plain(key === undefined ? (field === 'title' ? (title ?? '') : '') : properties.get(key)!)
    return text === '' || (field === 'image' && text.length > MAX_TEXT.image) ? undefined : cut(text, MAX_TEXT[field])
  }
  return Object.fromEntries(
    (Object.keys(SOURCES) as (keyof PageMetadata)[]).flatMap((field) => {
      const text = found(field)
      return text === undefined ? [] : [[field, text]]
    }),
  )
}

/** Attributes up to the end of a tag, and where that is. */
function readAttributes(html: string, from: number): { attributes: Map<string, string>; end: number } {
  const attributes = new Map<string, string>()
  const pattern =
    /[\s/]*(?:(>)|([^\s"'<>/=]{1,64})(?:\s{0,16}=\s{0,16}(?:"([^"]{0,8192})"|'([^']{0,8192})'|([^\s"'<>]{0,2048})))?)/y
  pattern.lastIndex = from
  for (let count = 0; count < MAX_ATTRIBUTES; count++) {
    const at = pattern.lastIndex
    const match = pattern.exec(html)
    if (!match) return { attributes, end: at + 1 }
    const [, close, name, double, single, bare] = match
    if (close !== undefined) break
    const key = name!.toLowerCase()
    if (!attributes.has(key)) attributes.set(key, double ?? single ?? bare ?? '')
  }
  return { attributes, end: Math.max(pattern.lastIndex, from + 1) }
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' }

/** Text without markup, controls and what turns the direction of writing; entities are resolved once. */
function plain(text: string): string {
  return text
    .slice(0, 8_192)
    .replace(
      /&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z]{2,6}));/gi,
      (all, decimal?: string, hex?: string, name?: string) => {
        if (name !== undefined) return ENTITIES[name.toLowerCase()] ?? all
        const code = Number.parseInt(decimal ?? hex ?? '', decimal === undefined ? 16 : 10)
        return code > 0 && code <= 0x10_ffff && !(code >= 0xd800 && code <= 0xdfff) ? String.fromCodePoint(code) : ''
      },
    )
    .replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\u2028\u2029]+/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .toWellFormed()
}

function cut(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max - 1).toWellFormed()}…`
}

/** By the label of the answer or of the page itself, UTF-8 otherwise. */
function decode(bytes: Buffer, contentType: string): string {
  const label =
    /charset\s*=\s*["']?([\w-]{1,40})/i.exec(contentType)?.[1] ??
    /<meta[^>]{0,200}charset\s*=\s*["']?([\w-]{1,40})/i.exec(bytes.toString('latin1', 0, 1_024))?.[1] ??
    'utf-8'
  try {
    return new TextDecoder(label).decode(bytes)
  } catch {
    return new TextDecoder().decode(bytes)
  }
}

import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { extname, join, relative, sep } from 'node:path'
import type { HttpHandler } from './http.ts'

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.map': 'application/json; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
}

/** Nothing but our own files runs; images come from where files are. Avatars are drawn, and come from nowhere. */
const pagePolicy = (media: string, connect: string) =>
  `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'${media}; connect-src 'self'${media}${connect}; ` +
  "font-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; " +
  "frame-ancestors 'none'; require-trusted-types-for 'script'"

/** Names the build; the client compares it with its own. */
const BUILD_FILE = '/build.json'
const ASSETS = '/assets/'

interface Asset {
  readonly body: Buffer
  readonly type: string
  readonly etag: string
  readonly cache: string
}

/** What is served, and where. */
export interface WebFilesOptions {
  readonly directory: string
  /** Path that everything is under, such as `/admin`. Absent: the root. */
  readonly prefix?: `/${string}`
  /** Where files of users are, when that is another origin. */
  readonly mediaUrl?: string | undefined
  /** Where else the page of this path may connect to, as a source expression. */
  readonly connect?: ((path: string) => Promise<string | undefined>) | undefined
  /** Hears of each request for the page, and whether we had one to give. */
  readonly onPage?: (isAnswered: boolean) => void
}

/**
 * Serves a built page from memory: every path that is no file is the page. Files under `/assets/` carry a hash in their
 * name and never change; everything else is asked for again each time. A new build in the directory is noticed with the
 * next page, and the assets of the last one stay: a page that is open may still load its later parts.
 */
export async function createWebFiles({
  directory,
  prefix,
  mediaUrl,
  connect,
  onPage = () => undefined,
}: WebFilesOptions): Promise<HttpHandler> {
  const media = mediaUrl === undefined ? '' : ` ${mediaUrl}`
  let assets = await readAssets(directory)
  let builtAt = await buildTime(directory)
  return async (req, res, url) => {
    if (req.method !== 'GET' && req.method !== 'HEAD') return false
    const path = pathUnder(prefix, url.pathname)
    if (path === undefined) return false
    const isPage = !extname(path)
    if (isPage || path === BUILD_FILE) {
      const newest = await buildTime(directory)
      if (newest !== undefined && newest !== builtAt) {
        builtAt = newest
        const old = [...assets].filter(([name]) => name.startsWith(ASSETS))
        assets = new Map([...old, ...(await readAssets(directory))])
      }
    }
    const asset = assets.get(isPage ? '/index.html' : path)
    if (isPage) onPage(asset !== undefined)
    if (!asset) return false
    const source = isPage ? await connect?.(path) : undefined
    res.setHeader('etag', asset.etag)
    // What this page may do, no other one may, whatever a cache makes of them.
    res.setHeader('cache-control', source === undefined ? asset.cache : 'no-store')
    res.setHeader('content-type', asset.type)
    if (asset.type.startsWith('text/html')) {
      res.setHeader('content-security-policy', pagePolicy(media, source === undefined ? '' : ` ${source}`))
      res.setHeader('x-frame-options', 'DENY')
    }
    res.setHeader('cross-origin-opener-policy', 'same-origin')
    res.setHeader('cross-origin-resource-policy', 'same-origin')
    if (source === undefined && req.headers['if-none-match'] === asset.etag) res.writeHead(304).end()
    else res.writeHead(200, { 'content-length': asset.body.length }).end(req.method === 'HEAD' ? undefined : asset.body)
    return true
  }
}

/** What is left of a path behind the prefix: `/` for the prefix alone, undefined for a path beside it. */
function pathUnder(prefix: string | undefined, path: string): string | undefined {
  if (prefix === undefined) return path
  if (path === prefix) return '/'
  return path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : undefined
}

/** When the build in the directory was finished: its build file is written last. */
async function buildTime(directory: string): Promise<number | undefined> {
  return stat(join(directory, BUILD_FILE)).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  )
}

async function readAssets(directory: string): Promise<Map<string, Asset>> {
  const assets = new Map<string, Asset>()
  let names: string[]
  try {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true })
    names = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return assets
    throw error
  }
  for (const name of names) {
    const path = `/${relative(directory, name).split(sep).join('/')}`
    const body = await readFile(name)
    assets.set(path, {
      body,
      type: TYPES[extname(name)] ?? 'application/octet-stream',
      etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
      cache: path.startsWith(ASSETS) ? 'public, max-age=31536000, immutable' : 'no-cache',
    })
  }
  return assets
}

import type { HttpHandler } from './http.ts'

/**
 * Keeps files and everything else apart, by the host that is asked: what a stranger made is of another origin than the
 * pages that hold a session, whatever a browser takes it for (threats UP-05). Links from before lead on.
 *
 * @param mediaUrl - origin of files.
 * @param path - below which they are.
 */
export function mediaOrigin(mediaUrl: string, path: string): HttpHandler {
  const { host } = new URL(mediaUrl)
  return (req, res, { pathname, search }) => {
    const isFile = pathname.startsWith(path)
    const isMediaHost = req.headers.host === host
    if (isFile === isMediaHost) return false
    if (isFile && (req.method === 'GET' || req.method === 'HEAD')) {
      res.writeHead(308, { location: mediaUrl + pathname + search, 'content-length': 0 })
    } else res.writeHead(404, { 'content-length': 0 })
    res.end()
    return true
  }
}

/** The open conversation is in the URL, so that reload and the back button lead where a person expects. */
const PREFIX = '#/c/'

export function openPeerInUrl(): string | undefined {
  if (!location.hash.startsWith(PREFIX)) return undefined
  try {
    return decodeURIComponent(location.hash.slice(PREFIX.length)) || undefined
  } catch {
    return undefined
  }
}

export function showPeerInUrl(peer: string | undefined): void {
  if (openPeerInUrl() === peer) return
  history.pushState(null, '', peer === undefined ? location.pathname : PREFIX + encodeURIComponent(peer))
}

/** What the operator says about them. */
export interface WebAddressOptions {
  readonly publicUrl?: string | undefined
  readonly mediaUrl?: string | undefined
  readonly statusUrl?: string | undefined
}

/** Where people reach this server on the web. */
export interface WebAddresses {
  /** Base URL of the HTTP port, without a trailing slash; empty before it is known. */
  publicUrl(): string
  /** The same for files, which may have an origin of their own. */
  mediaUrl(): string
  /** Where the status document is, also while the service is away (XEP-0455). */
  statusUrl(): string
  /** The base URL, once the port is known; what the operator says stands. */
  announce(url: string): void
}

export function createWebAddresses(configured: WebAddressOptions): WebAddresses {
  let base = configured.publicUrl ?? ''
  return {
    publicUrl: () => base,
    mediaUrl: () => configured.mediaUrl ?? base,
    statusUrl: () => configured.statusUrl ?? `${base}/status.json`,
    announce(url) {
      if (configured.publicUrl === undefined) base = url
    },
  }
}

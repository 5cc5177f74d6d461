import type { Element } from '@drawbridge/xmpp'

/** Where a stanza crosses: who made it, and whether anybody can be told that it is refused. */
export const EDGES = ['client', 'component', 'remote', 'stored'] as const
export type Edge = (typeof EDGES)[number]

/** What is done with end-to-end encrypted content (images §6). `allow`: whoever sends it answers for what is in it. */
export const ENCRYPTION_POLICIES = ['refuse', 'text-only', 'allow'] as const
export type EncryptionPolicy = (typeof ENCRYPTION_POLICIES)[number]

/** Names of hashes as XEP-0300 has them, by which an image can be asked for. */
export const HASH_NAMES = ['sha-1', 'sha-256', 'sha-512', 'blake2b-512'] as const
export type HashName = (typeof HASH_NAMES)[number]

/** A file of ours, as its metadata is to say it. */
export interface SharedFile {
  readonly name: string
  readonly type: string
  readonly bytes: number
  readonly sha256: Uint8Array
  /** Absent for what is no image. */
  readonly widthPx?: number | undefined
  readonly heightPx?: number | undefined
  /** Smaller clean images of the same (XEP-0264), largest first. */
  readonly thumbnails?: readonly SharedThumbnail[]
  /** A ThumbHash in base64, for the time before the image is there. */
  readonly placeholder?: string | undefined
  /** What became of the sender's image, where that is known. */
  readonly reEncoding?: ReEncoding | undefined
}

export interface SharedThumbnail {
  readonly url: string
  readonly type: string
  readonly widthPx: number
  readonly heightPx: number
}

/** What our encoder changed, for whoever wonders. */
export interface ReEncoding {
  /** Of the sender's file. */
  readonly fromBytes: number
  /** What it held beside the picture, by words of the sanitizer. */
  readonly removed: readonly string[]
  readonly isAnimationDropped: boolean
  /** 1 for a still. */
  readonly frames: number
}

/** An image that our encoder made. */
export interface MadeImage {
  readonly bytes: Uint8Array
  readonly type: string
  readonly widthPx: number
  readonly heightPx: number
}

/** What metadata says of an avatar (XEP-0084 §4.2). */
export interface AvatarInfo {
  /** SHA-1 in hex. */
  readonly id: string
  readonly type: string
  readonly bytes: number
  readonly widthPx: number
  readonly heightPx: number
}

/**
 * What the filter has to ask. Every answer is about what the sender of the stanza uploaded or was sent: a hash gives no
 * access.
 */
export interface Lookups {
  /** Whether a URL is one of our links; whether there is a file behind it is not asked. */
  isOwnLink(url: string): boolean
  /** The clean file behind one of our links, for whoever knows the link. */
  findFile(url: string): Promise<SharedFile | undefined>
  /**
   * The image that replaces these bytes; bytes of our own making replace themselves.
   *
   * @throws StanzaFault when it is refused, or cannot be checked now
   */
  clean(bytes: Uint8Array | undefined, purpose: 'avatar' | 'inline', deadline: AbortSignal): Promise<MadeImage>
  /**
   * A link to a clean image of ours that is made of what is behind a URL on another host; nothing where that is no image,
   * cannot be had in time, or may not be fetched. Absent: nothing is ever fetched for this sender. Never rejects.
   */
  reHost?(url: string, deadline: AbortSignal): Promise<string | undefined>
  /** The bytes behind such a URL, to be given to `clean` and to nobody else; otherwise as `reHost`. */
  fetch?(url: string, deadline: AbortSignal): Promise<Uint8Array | undefined>
  /** The clean avatar that an avatar with this SHA-1 (in hex) became. */
  findAvatar(sha1: string): Promise<AvatarInfo | undefined>
  /** The id under which the sender's sticker pack with this id, old or new, is published. */
  findPack(id: string): Promise<string | undefined>
  /** The hash of some bytes. */
  digest(name: HashName, bytes: Uint8Array): Uint8Array
}

/** What the filter knows about one stanza beside the stanza. */
export interface Around {
  readonly edge: Edge
  /**
   * Whether an element that nobody knows is refused when it holds as much encoded data as an image would (rule 3). On
   * every edge but `client` it is, whatever this says.
   */
  readonly isStrict: boolean
  readonly encryption: EncryptionPolicy
  /** Whether a link that clients would load stays as text where a message holds nothing else. */
  readonly keepsLinks: boolean
  /**
   * All of it passed before, and images of ours have become others since: they are replaced, what is known of them is
   * written anew, and everything else stays as it is. An image that cannot be replaced is an error: nobody is told.
   */
  readonly isRenewal?: boolean
  readonly lookups: Lookups
}

/** An element with the namespace it is in: looked up once, on the way down. */
export interface Visited {
  readonly element: Element
  readonly namespace: string
}

/**
 * What Node is started with for the sanitizer. It keeps little, and holds the bytes of many images for a moment, outside
 * of V8's heap. Where that heap is meant to begin small, all of it is marked anew for every eight avatars of 512 px, which
 * is a fifth of what these cost; where it may begin larger, for every forty, with the same memory in use.
 */
export const SANITIZER_NODE_FLAGS = ['--initial-old-space-size=128'] as const

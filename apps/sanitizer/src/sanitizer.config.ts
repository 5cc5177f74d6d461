import { SANDBOX_LEVELS } from '@drawbridge/contract'
import { boolean, bytes, duration } from '@drawbridge/runtime'
import * as z from 'zod'

const count = (least: number, most: number) => z.coerce.number().int().min(least).max(most)

/** Settings of the sanitizer process. Limits apply before decoding, from the file's own header. */
export const sanitizerConfig = z.object({
  socket: z.string().min(1).meta({
    env: 'DRAWBRIDGE_SANITIZER_SOCKET',
    doc: 'Path of the Unix socket on which the sanitizer listens (mode 0600). Only the server needs to reach it.',
  }),
  sandbox: z
    .enum(['auto', ...SANDBOX_LEVELS])
    .default('auto')
    .meta({
      env: 'DRAWBRIDGE_SANITIZER_SANDBOX',
      doc: 'What holds a hostile image decoder: auto takes the strongest of A (namespaces), B (seccomp) and C (WebAssembly) that works here. D is no sandbox; it needs DRAWBRIDGE_SANITIZER_ALLOW_WEAK too.',
    }),
  minSandbox: z.enum(SANDBOX_LEVELS).default('D').meta({
    env: 'DRAWBRIDGE_SANITIZER_MIN_SANDBOX',
    doc: 'Weakest level with which the sanitizer starts. Set it to the level of your hosts, so that a changed kernel or container is noticed.',
  }),
  allowWeak: boolean.default(false).meta({
    env: 'DRAWBRIDGE_SANITIZER_ALLOW_WEAK',
    doc: 'Allows level D, in which a hole in an image library is a hole in this host. For development only.',
  }),
  childUid: count(1, 2 ** 31 - 2)
    .default(58_222)
    .meta({
      env: 'DRAWBRIDGE_SANITIZER_CHILD_UID',
      doc: 'Where the sanitizer runs as root, its children become this user and group, which need no entry in /etc/passwd and should own nothing.',
    }),
  childrenPerStage: count(1, 64).default(2).meta({
    env: 'DRAWBRIDGE_SANITIZER_CHILDREN',
    doc: 'Pairs of a decoding and an encoding process, for the images of this server. About one per core; more cost some 160 MB of memory a pair and gain nothing. As many again may start for images from other servers, and for fetched ones, while such images come.',
  }),
  sparePairs: count(0, 8).default(1).meta({
    env: 'DRAWBRIDGE_SANITIZER_SPARE',
    doc: 'More pairs that wait in reserve: after a refused image its pair is replaced, and the next image takes this one instead of waiting for that. Each costs some 120 MB of memory. With 0, a sender of damaged images makes others wait for up to half a second.',
  }),
  reuse: count(1, 100_000).default(100).meta({
    env: 'DRAWBRIDGE_SANITIZER_REUSE',
    doc: 'Clean images after which a child is replaced. 1 gives every image its own pair of processes: nothing can leak from one image to the next, at a tenth of the throughput.',
  }),
  idleMs: duration.default(60_000).meta({
    env: 'DRAWBRIDGE_SANITIZER_IDLE',
    doc: 'A used child is replaced after this long without work, so that pixels do not stay in memory.',
  }),
  queueLength: count(1, 10_000).default(64).meta({
    env: 'DRAWBRIDGE_SANITIZER_QUEUE',
    doc: 'Images that may wait. More are answered with 503 and tried again by the job queue; a longer queue keeps more uploads in memory.',
  }),
  maxFileBytes: bytes.default(25 * 1024 * 1024).meta({
    env: 'DRAWBRIDGE_SANITIZER_MAX_FILE',
    doc: 'Largest image file. Larger ones are refused as too-large; files that are no images have only the limit of uploads.',
  }),
  maxInspectBytes: bytes.default(256 * 1024 * 1024).meta({
    env: 'DRAWBRIDGE_SANITIZER_MAX_INSPECT',
    doc: 'Largest file that is looked into. Larger ones count as archives that cannot be read, which are refused unless the media policy lets them pass; each costs so much memory while it is looked at.',
  }),
  maxInlineBytes: bytes.default(262_144).meta({
    env: 'DRAWBRIDGE_SANITIZER_MAX_INLINE',
    doc: 'Largest image inside a stanza (Bits of Binary, data: URL). The stanza limit bounds it as well.',
  }),
  maxPixels: count(1, 200_000_000).default(50_000_000).meta({
    env: 'DRAWBRIDGE_SANITIZER_MAX_PIXELS',
    doc: 'Most pixels of a JPEG or PNG, and of all frames of an animation together. Time and memory grow with it.',
  }),
  maxWebpPixels: count(1, 200_000_000).default(25_000_000).meta({
    env: 'DRAWBRIDGE_SANITIZER_MAX_WEBP_PIXELS',
    doc: 'Most pixels of a still WebP, which is dearer to decode and encode than a JPEG.',
  }),
  avif: z.enum(['off', 'wasm']).default('off').meta({
    env: 'DRAWBRIDGE_SANITIZER_AVIF',
    doc: 'Whether AVIF images are read, where the media policy lets them in. `wasm` decodes them in children of their own that hold the decoder in WebAssembly: slower, and out of reach of its many faults. They are delivered as JPEG, or as WebP where they are transparent. One such child waits in reserve, some 250 MB. `off`: they are refused.',
  }),
  maxAvifPixels: count(1, 200_000_000).default(16_000_000).meta({
    env: 'DRAWBRIDGE_SANITIZER_MAX_AVIF_PIXELS',
    doc: 'Most pixels of an AVIF, the dearest format to decode.',
  }),
  maxInlinePixels: count(1, 200_000_000).default(4_000_000).meta({
    env: 'DRAWBRIDGE_SANITIZER_MAX_INLINE_PIXELS',
    doc: 'Most pixels of an image inside a stanza, over all frames.',
  }),
  maxSidePx: count(1, 65_535).default(16_384).meta({
    env: 'DRAWBRIDGE_SANITIZER_MAX_SIDE',
    doc: 'Longest side of an image that is read, in pixels.',
  }),
  maxOutputSidePx: count(16, 16_383).default(4_096).meta({
    env: 'DRAWBRIDGE_SANITIZER_MAX_OUTPUT_SIDE',
    doc: 'Longest side of an image that is written, in pixels; larger ones are scaled down.',
  }),
  avatarSidePx: count(16, 1_024).default(192).meta({
    env: 'DRAWBRIDGE_SANITIZER_AVATAR_SIDE',
    doc: 'Longest side of an avatar, in pixels. Avatars travel inside stanzas: 192 px are some 30 KB, 256 px some 50 KB.',
  }),
  maxFrames: count(1, 10_000).default(300).meta({
    env: 'DRAWBRIDGE_SANITIZER_MAX_FRAMES',
    doc: 'Most frames of an animation.',
  }),
  maxInlineFrames: count(1, 10_000).default(100).meta({
    env: 'DRAWBRIDGE_SANITIZER_MAX_INLINE_FRAMES',
    doc: 'Most frames of an animation inside a stanza.',
  }),
  maxRawBytes: bytes.default(200_000_000).meta({
    env: 'DRAWBRIDGE_SANITIZER_MAX_RAW',
    doc: 'Most bytes of raw pixels that cross from the decoder to the encoder.',
  }),
  maxMemoryBytes: bytes.default(1_288_490_189).meta({
    env: 'DRAWBRIDGE_SANITIZER_MAX_MEMORY',
    doc: 'Resident memory at which a child is killed. Images near the pixel limit need some 800 MB.',
  }),
  decoderTimeoutMs: duration.default(10_000).meta({
    env: 'DRAWBRIDGE_SANITIZER_DECODER_TIMEOUT',
    doc: 'Time for decoding one image; then the child is killed.',
  }),
  encoderTimeoutMs: duration.default(10_000).meta({
    env: 'DRAWBRIDGE_SANITIZER_ENCODER_TIMEOUT',
    doc: 'Time for encoding one image; then the child is killed.',
  }),
  requestTimeoutMs: duration.default(25_000).meta({
    env: 'DRAWBRIDGE_SANITIZER_REQUEST_TIMEOUT',
    doc: 'Time for one image in all, waiting and one retry included.',
  }),
})

export type SanitizerConfig = Readonly<z.output<typeof sanitizerConfig>>

import type { ImageRejectReason } from '@drawbridge/contract'
import type { Encoding } from '../encodings.ts'
import type { ChildSandbox } from '../sandbox/levels.ts'

/**
 * What the parent and its children say to each other, in frames `[length: u32][bytes]`.
 *
 * Children come in pairs. The decoder gets a request as two frames, JSON and the image, and answers with one frame, the
 * head. The pixels do not pass through the parent: the decoder writes them into a socket whose other end only its
 * encoder holds, between two copies of a token that is new for each image. The parent believes nothing but the head,
 * clamps every field of it, computes the length of the pixels from it, and tells the encoder how many bytes to read. The
 * encoder answers with one head and as many files as it was asked for.
 */
export const STAGES = ['decoder', 'avif-decoder', 'encoder', 'inspector'] as const
export type Stage = (typeof STAGES)[number]

/** Descriptors of both stages: pixels leave the decoder at 3 and enter the encoder at 0, whose requests come at 3. */
export const DECODER_FDS = { requests: 0, answers: 1, pixels: 3 } as const
export const ENCODER_FDS = { pixels: 0, answers: 1, requests: 3 } as const

/**
 * An inspector works alone: it looks into files that are no images. Its request is JSON and the file, its answer one
 * frame of JSON, of which the parent takes known words only.
 */
export const INSPECTOR_FDS = { requests: 0, answers: 1 } as const

export interface InspectRequest {
  readonly extension: string
}

/** What a child says once, when it is warm: JSON in one frame. */
export interface Hello {
  readonly sharp: string
  readonly libvips: string
  /** Per format of the self-test: whether it went as it must (accepted ones decode, forbidden ones do not). */
  readonly accepted: Readonly<Record<string, boolean>>
  readonly refused: Readonly<Record<string, boolean>>
  /** What it could not do once it was locked down; absent when it was started without a sandbox. */
  readonly sandbox?: ChildSandbox | undefined
}

/** Bytes of the token before and behind the pixels. */
export const TOKEN_BYTES = 16

interface Request {
  readonly nonce: number
  /** In base64. */
  readonly token: string
}

export interface DecodeRequest extends Request {
  readonly isAnimated: boolean
  readonly maxInputPixels: number
  readonly maxSidePx: number
  readonly maxFrames: number
  readonly maxOutputSidePx: number
  readonly maxRawBytes: number
}

export interface Shape {
  readonly widthPx: number
  readonly heightPx: number
  readonly channels: 1 | 2 | 3 | 4
  /** Milliseconds per frame; empty for a still. */
  readonly delaysMs: readonly number[]
  /** How often an animation plays; 0 for ever. */
  readonly loop: number
}

export interface EncodeRequest extends Request, Shape {
  readonly rawBytes: number
  readonly encoding: Encoding
  /** Stills of the first frame, largest first. */
  readonly thumbnails: readonly { readonly encoding: Encoding; readonly maxSidePx: number }[]
}

/** What an answer's head says first. `failed` is a fault of the child or of its limits, the others are final. */
export const ANSWER_STATUS = ['ok', 'corrupt', 'too-large', 'too-many-frames', 'unsupported', 'failed'] as const
export type AnswerStatus = 'ok' | ImageRejectReason

/** Longest frame with a head, in bytes. */
export const MAX_HEAD_BYTES = 40_064

/** A decoder's answer. */
export interface DecodeHead {
  readonly status: AnswerStatus
  readonly nonce: number
  readonly widthPx: number
  readonly heightPx: number
  readonly channels: number
  readonly frames: number
  readonly loop: number
  readonly delaysMs: readonly number[]
}

/** An encoder's answer, before its files: the image, the thumbnails, the placeholder. */
export interface EncodeHead {
  readonly status: AnswerStatus
  readonly nonce: number
  /** 0xrrggbb */
  readonly dominantColor: number
}

export function buildDecodeHead(head: Partial<DecodeHead> & Pick<DecodeHead, 'status' | 'nonce'>): Buffer {
  const { widthPx = 0, heightPx = 0, channels = 0, frames = 0, loop = 0, delaysMs = [] } = head
  return fields([
    ANSWER_STATUS.indexOf(head.status),
    head.nonce,
    widthPx,
    heightPx,
    channels,
    frames,
    loop,
    ...delaysMs,
  ])
}

/** Undefined when the frame has no known status or not the right length. */
export function parseDecodeHead(frame: Buffer): DecodeHead | undefined {
  const [status, nonce, widthPx, heightPx, channels, frames, loop, ...delaysMs] = parseFields(frame)
  const known = ANSWER_STATUS[status ?? -1]
  if (known === undefined || nonce === undefined || widthPx === undefined || heightPx === undefined) return undefined
  if (channels === undefined || frames === undefined || loop === undefined) return undefined
  return { status: known, nonce, widthPx, heightPx, channels, frames, loop, delaysMs }
}

export function buildEncodeHead({ status, nonce, dominantColor }: EncodeHead): Buffer {
  return fields([ANSWER_STATUS.indexOf(status), nonce, dominantColor])
}

/** Undefined when the frame has no known status, no color, or not the right length. */
export function parseEncodeHead(frame: Buffer): EncodeHead | undefined {
  const [status, nonce, dominantColor, ...rest] = parseFields(frame)
  const known = ANSWER_STATUS[status ?? -1]
  if (known === undefined || nonce === undefined || dominantColor === undefined || rest.length > 0) return undefined
  return dominantColor <= 0xffffff ? { status: known, nonce, dominantColor } : undefined
}

function fields(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length)
  values.forEach((value, index) =>
    bytes.writeUInt32BE(Math.min(Math.max(Math.trunc(value) || 0, 0), 0xffffffff), 4 * index),
  )
  return bytes
}

function parseFields(frame: Buffer): number[] {
  if (frame.length % 4 !== 0) return []
  return Array.from({ length: frame.length / 4 }, (_, index) => frame.readUInt32BE(4 * index))
}

import type { ImageRejectReason } from '@drawbridge/contract'
import type { Encoding } from '../profiles.ts'

/**
 * What parent and children say to each other, over stdin and stdout, in frames `[length: u32][bytes]`.
 *
 * A request is two frames: JSON, then the body. An answer is two frames: a fixed binary head, then the body, whose
 * length the parent knows beforehand. The parent believes nothing but that head, and clamps every field of it.
 */
export const STAGES = ['decoder', 'encoder'] as const
export type Stage = (typeof STAGES)[number]

/** What a child says once, when it is warm: JSON in one frame. */
export interface Hello {
  readonly sharp: string
  readonly libvips: string
  /** Per format of the self-test: whether it went as it must (accepted ones decode, forbidden ones do not). */
  readonly accepted: Readonly<Record<string, boolean>>
  readonly refused: Readonly<Record<string, boolean>>
}

export interface DecodeRequest {
  readonly nonce: number
  readonly isAnimated: boolean
  readonly maxInputPixels: number
  readonly maxSidePx: number
  readonly maxFrames: number
  readonly maxOutputSidePx: number
  readonly maxRawBytes: number
}

export interface EncodeRequest {
  readonly nonce: number
  readonly encoding: Encoding
  readonly widthPx: number
  readonly heightPx: number
  readonly channels: 1 | 2 | 3 | 4
  /** Milliseconds per frame; empty for a still. */
  readonly delaysMs: readonly number[]
  /** How often an animation plays; 0 for ever. */
  readonly loop: number
}

/** What an answer's head says first. `failed` is a fault of the child or of its limits, the others are final. */
export const ANSWER_STATUS = ['ok', 'corrupt', 'too-large', 'too-many-frames', 'unsupported', 'failed'] as const
export type AnswerStatus = 'ok' | ImageRejectReason

/** Head of an answer, in bytes: status, nonce, width, height, channels, frames, loop, body length, delays. */
export const HEAD_BYTES = 32
export const MAX_DELAYS = 10_000

export interface AnswerHead {
  readonly status: AnswerStatus
  readonly nonce: number
  readonly widthPx: number
  readonly heightPx: number
  readonly channels: number
  readonly frames: number
  readonly loop: number
  readonly bodyBytes: number
  readonly delaysMs: readonly number[]
}

/** Builds the head frame of an answer. Fields that are left out are 0. */
export function buildHead(head: Partial<AnswerHead> & Pick<AnswerHead, 'status' | 'nonce'>): Buffer {
  const delays = head.delaysMs ?? []
  const bytes = Buffer.alloc(HEAD_BYTES + 4 * delays.length)
  const fields = [
    ANSWER_STATUS.indexOf(head.status),
    head.nonce,
    head.widthPx ?? 0,
    head.heightPx ?? 0,
    head.channels ?? 0,
    head.frames ?? 0,
    head.loop ?? 0,
    head.bodyBytes ?? 0,
    ...delays,
  ]
  fields.forEach((value, index) =>
    bytes.writeUInt32BE(Math.min(Math.max(Math.trunc(value) || 0, 0), 0xffffffff), 4 * index),
  )
  return bytes
}

/** Reads the head frame of an answer. Undefined when it has no known status or not the right length. */
export function parseHead(bytes: Buffer): AnswerHead | undefined {
  if (bytes.length < HEAD_BYTES || bytes.length % 4 !== 0) return undefined
  const status = ANSWER_STATUS[bytes.readUInt32BE(0)]
  if (status === undefined) return undefined
  const delaysMs: number[] = []
  for (let at = HEAD_BYTES; at < bytes.length; at += 4) delaysMs.push(bytes.readUInt32BE(at))
  return {
    status,
    nonce: bytes.readUInt32BE(4),
    widthPx: bytes.readUInt32BE(8),
    heightPx: bytes.readUInt32BE(12),
    channels: bytes.readUInt32BE(16),
    frames: bytes.readUInt32BE(20),
    loop: bytes.readUInt32BE(24),
    bodyBytes: bytes.readUInt32BE(28),
    delaysMs,
  }
}

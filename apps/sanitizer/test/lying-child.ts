import { fixture, ordinaryPng } from '@drawbridge/testkit/images'
import sharp from 'sharp'
import { rgbaToThumbHash } from 'thumbhash'
import {
  buildDecodeHead,
  buildEncodeHead,
  DECODER_FDS,
  ENCODER_FDS,
  type DecodeHead,
  type DecodeRequest,
  type EncodeRequest,
} from '../src/children/protocol.ts'
import { drain, readFrame, writeFrame } from '../src/child/stdio.ts'
import { FIRST_WIDTH, HEIGHT, LATE_LIE, LIES, type DecoderLie, type EncoderLie } from './lies.ts'

/**
 * A child that says hello like an honest one, and then the lie that the image's width asks for; to any other width, the
 * truth. The stage is its only argument.
 */

interface Question {
  readonly nonce: number
  readonly widthPx: number
  readonly mark: Buffer
  readonly pixels: Buffer
}

const silence = new Int32Array(new SharedArrayBuffer(4))
const wait = (ms: number) => void Atomics.wait(silence, 0, 0, ms)
const longer = (bytes: Uint8Array) => Buffer.concat([bytes, Buffer.alloc(1)])

function sayHead({ nonce, widthPx }: Question, change: Partial<DecodeHead> = {}): void {
  const truth = { status: 'ok', nonce, widthPx, heightPx: HEIGHT, channels: 3, frames: 1 } as const
  writeFrame(DECODER_FDS.answers, buildDecodeHead({ ...truth, ...change }))
}

function decoded(question: Question, change: Partial<DecodeHead> = {}, pixels: Buffer = question.pixels): void {
  sayHead(question, change)
  for (const part of [question.mark, pixels, question.mark]) drain(DECODER_FDS.pixels, part)
}

const closes = () => process.exit(0)

const DECODE: Readonly<Record<DecoderLie, (question: Question) => void>> = {
  'a wrong size': (question) => decoded(question, { widthPx: HEIGHT - 1, heightPx: question.widthPx }),
  'a huge size': (question) => decoded(question, { widthPx: 0xffffffff, heightPx: 0xffffffff }),
  'no pixels': (question) => decoded(question, { widthPx: 0 }, Buffer.alloc(0)),
  'five channels': (question) => decoded(question, { channels: 5 }),
  'more frames than the file': (question) =>
    decoded(question, { frames: 2 }, Buffer.concat([question.pixels, question.pixels])),
  'endless delays': (question) => decoded(question, { delaysMs: Array<number>(10_000).fill(1) }),
  'an endless frame': () => drain(DECODER_FDS.answers, Buffer.alloc(4, 0xff)),
  'a head and a half': (question) => {
    decoded(question)
    drain(DECODER_FDS.answers, Buffer.alloc(2))
  },
  'the answer to another question': (question) => decoded(question, { nonce: (question.nonce + 1) % 2 ** 32 }),
  'a status that does not exist': (question) => {
    const head = buildDecodeHead({ status: 'ok', nonce: question.nonce })
    head.writeUInt32BE(99, 0)
    writeFrame(DECODER_FDS.answers, head)
  },
  'one byte too many': (question) => decoded(question, {}, longer(question.pixels)),
  'one byte too few': (question) => decoded(question, {}, question.pixels.subarray(1)),
  'pixels before their mark': (question) => {
    drain(DECODER_FDS.pixels, question.pixels)
    decoded(question)
  },
  'the mark of another image': (question) => decoded({ ...question, mark: Buffer.alloc(question.mark.length, 7) }),
  'a part and then death': (question) => {
    sayHead(question)
    drain(DECODER_FDS.pixels, Buffer.concat([question.mark, question.pixels.subarray(1)]))
    closes()
  },
  'nothing, and stays silent': () => wait(60_000),
  'nothing, and closes': closes,
  'nothing, and eats memory': () => {
    const eaten: Buffer[] = []
    for (;;) {
      eaten.push(Buffer.alloc(8 * 1024 * 1024, 1))
      wait(5)
    }
  },
  [LATE_LIE]: (question) => {
    decoded(question)
    drain(DECODER_FDS.pixels, Buffer.concat([question.mark, Buffer.alloc(1_000, 255)]))
  },
}

interface Files {
  readonly nonce: number
  readonly image: Uint8Array
  readonly thumbnails: readonly Uint8Array[]
  readonly placeholder: Uint8Array
  readonly dominantColor: number
}

function encoded({ nonce, dominantColor, image, thumbnails, placeholder }: Files): void {
  writeFrame(ENCODER_FDS.answers, buildEncodeHead({ status: 'ok', nonce, dominantColor }))
  for (const file of [image, ...thumbnails, placeholder]) writeFrame(ENCODER_FDS.answers, file)
}

const jpeg = (widthPx: number, comment = Buffer.alloc(0)) =>
  sharp({
    create: { width: widthPx, height: Math.round((HEIGHT * 128) / FIRST_WIDTH), channels: 3, background: 'red' },
  })
    .jpeg()
    .toBuffer()
    .then((file) => Buffer.concat([file.subarray(0, 2), comment, file.subarray(2)]))
const [rightThumbnail, wrongThumbnail, commented] = [
  await jpeg(128),
  await jpeg(100),
  await jpeg(128, Buffer.from('fffe0006abcd', 'hex')),
]

const ENCODE: Readonly<Record<EncoderLie, (truth: Files) => void>> = {
  'a file with a comment': ({ image, ...truth }) => {
    const text = Buffer.from('000000037445587461006228f2b3b0', 'hex')
    encoded({ ...truth, image: Buffer.concat([image.subarray(0, 33), text, image.subarray(33)]) })
  },
  'a file with bytes behind its end': (truth) => encoded({ ...truth, image: longer(truth.image) }),
  'a file of another format': (truth) => encoded({ ...truth, image: fixture('webp') }),
  'a file of another size': (truth) => encoded({ ...truth, image: ordinaryPng(FIRST_WIDTH - 1, HEIGHT) }),
  'a script': (truth) => encoded({ ...truth, image: Buffer.from('<script>alert(1)</script>') }),
  'an endless frame': ({ nonce }) => {
    writeFrame(ENCODER_FDS.answers, buildEncodeHead({ status: 'ok', nonce, dominantColor: 0 }))
    drain(ENCODER_FDS.answers, Buffer.alloc(68, 0xff))
  },
  'a thumbnail of another size': (truth) => encoded({ ...truth, thumbnails: [wrongThumbnail] }),
  'a thumbnail with a comment': (truth) => encoded({ ...truth, thumbnails: [commented] }),
  'a placeholder that is none': (truth) => encoded({ ...truth, placeholder: Buffer.from('<b>hello</b>') }),
  'a color that is none': (truth) => encoded({ ...truth, dominantColor: 0x1000000 }),
  'a file too many': (truth) => encoded({ ...truth, thumbnails: [rightThumbnail, rightThumbnail] }),
  'a file too few': (truth) => encoded({ ...truth, thumbnails: [] }),
  'the answer to another question': (truth) => encoded({ ...truth, nonce: (truth.nonce + 1) % 2 ** 32 }),
  'nothing, and closes': closes,
}

function lieFor(widthPx: number): string | undefined {
  return LIES[widthPx - FIRST_WIDTH]
}

function decode(): void {
  for (;;) {
    const request = readFrame(DECODER_FDS.requests)
    const image = request && readFrame(DECODER_FDS.requests)
    if (request === undefined || image === undefined) return
    const { nonce, token } = JSON.parse(request.toString()) as DecodeRequest
    const widthPx = image.readUInt32BE(16)
    const pixels = Buffer.alloc(widthPx * HEIGHT * 3, 77)
    const tell = DECODE[lieFor(widthPx) as DecoderLie] ?? decoded
    tell({ nonce, widthPx, mark: Buffer.from(token, 'base64'), pixels })
  }
}

function encode(): void {
  for (;;) {
    const request = readFrame(ENCODER_FDS.requests)
    if (request === undefined) return
    const { nonce, widthPx, heightPx } = JSON.parse(request.toString()) as EncodeRequest
    const tell = ENCODE[lieFor(widthPx) as EncoderLie] ?? encoded
    tell({
      nonce,
      image: ordinaryPng(widthPx, heightPx),
      thumbnails: [rightThumbnail],
      placeholder: rgbaToThumbHash(4, 1, Buffer.alloc(16, 255)),
      dominantColor: 0,
    })
  }
}

const [, , stage] = process.argv
const hello = Buffer.from(JSON.stringify({ sharp: '0', libvips: '0', accepted: {}, refused: {} }))
writeFrame(DECODER_FDS.answers, hello)
if (stage === 'decoder') decode()
else encode()

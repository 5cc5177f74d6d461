import { buildDecodeHead, DECODER_FDS, type DecodeHead, type DecodeRequest } from '../src/children/protocol.ts'
import { drain, readFrame, writeFrame } from '../src/child/stdio.ts'
import { closes, HEIGHT, HELLO, LATE_LIE, lieFor, longer, type DecoderLie } from './lies.ts'

/**
 * A decoder that says hello like an honest one, and then the lie that the image's width asks for; to any other width, the
 * truth. It loads no codec: tests start many of it.
 */

interface Question {
  readonly nonce: number
  readonly widthPx: number
  readonly mark: Buffer
  readonly pixels: Buffer
}

const silence = new Int32Array(new SharedArrayBuffer(4))
const wait = (ms: number) => void Atomics.wait(silence, 0, 0, ms)

function sayHead({ nonce, widthPx }: Question, change: Partial<DecodeHead> = {}): void {
  const truth = { status: 'ok', nonce, widthPx, heightPx: HEIGHT, channels: 3, frames: 1 } as const
  writeFrame(DECODER_FDS.answers, buildDecodeHead({ ...truth, ...change }))
}

function decoded(question: Question, change: Partial<DecodeHead> = {}, pixels: Buffer = question.pixels): void {
  sayHead(question, change)
  for (const part of [question.mark, pixels, question.mark]) drain(DECODER_FDS.pixels, part)
}

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

writeFrame(DECODER_FDS.answers, HELLO)
decode()

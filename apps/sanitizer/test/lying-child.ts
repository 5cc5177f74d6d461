import { writeFileSync } from 'node:fs'
import { fixture, ordinaryPng } from '@drawbridge/testkit/images'
import { buildHead, type AnswerHead } from '../src/children/protocol.ts'
import { readFrame, writeFrame } from '../src/child/stdio.ts'
import { FIRST_WIDTH, HEIGHT, LIES, type Lie } from './lies.ts'

/** A child of either stage that says hello like an honest one, and then the lie that the image's width asks for. */

interface Question {
  readonly nonce: number
  readonly widthPx: number
  readonly pixels: Buffer
}

const silence = new Int32Array(new SharedArrayBuffer(4))

function answer({ nonce, widthPx, pixels }: Question, head: Partial<AnswerHead> = {}, body: Uint8Array = pixels): void {
  writeFrame(
    buildHead({
      status: 'ok',
      nonce,
      widthPx,
      heightPx: HEIGHT,
      channels: 3,
      frames: 1,
      bodyBytes: body.length,
      ...head,
    }),
  )
  writeFrame(body)
}

/** Head of a true answer, so that what follows is the lie. */
function promise(question: Question): void {
  const { nonce, widthPx, pixels } = question
  writeFrame(
    buildHead({ status: 'ok', nonce, widthPx, heightPx: HEIGHT, channels: 3, frames: 1, bodyBytes: pixels.length }),
  )
}

const raw = (bytes: Uint8Array) => writeFileSync(1, bytes)
const longer = (bytes: Uint8Array) => Buffer.concat([bytes, Buffer.alloc(1)])

const TELL: Readonly<Record<Lie, (question: Question) => void>> = {
  'a wrong size': (question) => answer(question, { widthPx: HEIGHT - 1, heightPx: question.widthPx }),
  'a huge size': (question) => answer(question, { widthPx: 0xffffffff, heightPx: 0xffffffff }),
  'no pixels': (question) => answer(question, { widthPx: 0 }, Buffer.alloc(0)),
  'five channels': (question) => answer(question, { channels: 5 }),
  'more frames than the file': (question) =>
    answer(question, { frames: 2 }, Buffer.concat([question.pixels, question.pixels])),
  'one byte too many': (question) => answer(question, {}, longer(question.pixels)),
  'one byte too few': (question) => answer(question, {}, question.pixels.subarray(1)),
  'a longer frame than it said': (question) => {
    promise(question)
    writeFrame(longer(question.pixels))
  },
  'bytes behind its answer': (question) => {
    promise(question)
    const frame = Buffer.alloc(4 + question.pixels.length + 1)
    frame.writeUInt32BE(question.pixels.length)
    raw(frame)
  },
  'a part and then death': (question) => {
    promise(question)
    const frame = Buffer.alloc(7)
    frame.writeUInt32BE(question.pixels.length)
    raw(frame)
    process.exit(0)
  },
  'endless delays': (question) => answer(question, { delaysMs: Array<number>(10_000).fill(1) }),
  'an endless frame': () => raw(Buffer.alloc(4, 0xff)),
  'the answer to another question': (question) => answer(question, { nonce: (question.nonce + 1) % 2 ** 32 }),
  'a status that does not exist': (question) => {
    const head = buildHead({ status: 'ok', nonce: question.nonce })
    head.writeUInt32BE(99, 0)
    writeFrame(head)
  },
  'nothing, and stays silent': () => void Atomics.wait(silence, 0, 0, 60_000),
  'nothing, and closes': () => process.exit(0),
  'nothing, and eats memory': () => {
    const eaten: Buffer[] = []
    for (;;) {
      eaten.push(Buffer.alloc(8 * 1024 * 1024, 1))
      Atomics.wait(silence, 0, 0, 5)
    }
  },
  'a file with a comment': (question) => {
    const png = ordinaryPng(question.widthPx, HEIGHT)
    const text = Buffer.from('000000037445587461006228f2b3b0', 'hex')
    answer(question, {}, Buffer.concat([png.subarray(0, 33), text, png.subarray(33)]))
  },
  'a file with bytes behind its end': (question) => answer(question, {}, longer(ordinaryPng(question.widthPx, HEIGHT))),
  'a file of another format': (question) => answer(question, {}, fixture('webp')),
  'a file of another size': (question) => answer(question, {}, ordinaryPng(question.widthPx + 1, HEIGHT)),
  'a script': (question) => answer(question, {}, Buffer.from('<script>alert(1)</script>')),
  'an endless file': (question) => answer(question, { bodyBytes: 0xffffffff }, Buffer.alloc(64)),
}

writeFrame(Buffer.from(JSON.stringify({ sharp: '0', libvips: '0', accepted: {}, refused: {} })))
for (;;) {
  const request = readFrame()
  const body = request && readFrame()
  if (request === undefined || body === undefined) process.exit(0)
  const { nonce, widthPx = body.readUInt32BE(16) } = JSON.parse(request.toString()) as {
    nonce: number
    widthPx?: number
  }
  const lie = LIES[widthPx - FIRST_WIDTH]
  if (lie !== undefined) TELL[lie]({ nonce, widthPx, pixels: Buffer.alloc(widthPx * HEIGHT * 3, 77) })
}

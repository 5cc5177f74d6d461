import { fixture, ordinaryPng } from '@drawbridge/testkit/images'
import sharp from 'sharp'
import { rgbaToThumbHash } from 'thumbhash'
import { buildEncodeHead, ENCODER_FDS, type EncodeRequest } from '../src/children/protocol.ts'
import { drain, readFrame, writeFrame } from '../src/child/stdio.ts'
import { closes, FIRST_WIDTH, HEIGHT, HELLO, lieFor, longer, type EncoderLie } from './lies.ts'

/**
 * An encoder that says hello like an honest one, and then the lie that the image's width asks for; to any other width,
 * the truth.
 */

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

writeFrame(ENCODER_FDS.answers, HELLO)
encode()

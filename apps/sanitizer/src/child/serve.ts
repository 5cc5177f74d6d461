import { buildHead, type AnswerHead, type Hello } from '../children/protocol.ts'
import { readFrame, writeFrame } from './stdio.ts'

/** A job's answer: head and body. */
export type Answer = readonly [Partial<AnswerHead> & Pick<AnswerHead, 'status'>, Uint8Array]

/** Says hello, then answers one request after the other until the parent closes the pipe. */
export async function serve<R extends { readonly nonce: number }>(
  hello: Hello,
  answer: (request: R, body: Buffer) => Promise<Answer>,
): Promise<void> {
  writeFrame(Buffer.from(JSON.stringify(hello)))
  for (;;) {
    const request = readFrame()
    const body = request && readFrame()
    if (request === undefined || body === undefined) return
    const { nonce, ...job } = JSON.parse(request.toString()) as R
    const [head, result] = await answer({ nonce, ...job } as R, body)
    writeFrame(buildHead({ ...head, nonce, bodyBytes: result.length }))
    writeFrame(result)
  }
}

/** The answer that carries only a reason. */
export function refusal(status: Exclude<AnswerHead['status'], 'ok'>): Answer {
  return [{ status }, new Uint8Array()]
}

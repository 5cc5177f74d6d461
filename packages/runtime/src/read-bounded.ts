/**
 * Everything that a stream brings, such as the body of a request or an answer; or undefined as soon as that is more than
 * `maxBytes`: then the rest is not read, and the stream is destroyed. Rejects when the stream breaks.
 *
 * @param source - null: there is no body, which is an empty one.
 */
export async function readBounded(
  source: AsyncIterable<Uint8Array> | null,
  maxBytes: number,
): Promise<Buffer | undefined> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of source ?? []) {
    length += chunk.length
    if (length > maxBytes) return undefined
    chunks.push(chunk)
  }
  const [only] = chunks
  // Most come in one piece, which need not be copied.
  return chunks.length === 1 && Buffer.isBuffer(only) ? only : Buffer.concat(chunks, length)
}

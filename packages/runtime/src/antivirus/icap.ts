import { type AntivirusEngine, exchange, type ScanVerdict } from './engine.ts'

// RFC 3507. The file travels as the body of an HTTP answer that the engine may modify (RESPMOD).

const PORT = 1344
/** What an engine puts around the file when it sends it back. */
const MARGIN_BYTES = 65_536
/** Headers in which engines name what they found. */
const FOUND_HEADERS = ['x-infection-found', 'x-virus-id', 'x-violations-found']

interface IcapAnswer {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: Buffer
}

/** Any engine that speaks ICAP. What it lets through unchanged is clean; what it marks, changes or blocks is not. */
export function createIcap(url: URL): AntivirusEngine {
  const where = { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || PORT) }
  const service = `icap://${url.host}${url.pathname}${url.search}`
  const head = (method: string, ...lines: readonly string[]) =>
    [`${method} ${service} ICAP/1.0`, `Host: ${url.host}`, 'Connection: close', ...lines, '', ''].join('\r\n')
  return {
    name: service,
    async version(signal) {
      const answer = parse(
        await exchange(where, (socket) => void socket.write(head('OPTIONS', 'Encapsulated: null-body=0')), { signal }),
      )
      // §4.7: it changes when the service would answer otherwise.
      const tag = answer.headers.get('istag')
      if (answer.status !== 200 || tag === undefined) throw new Error(`the ICAP service answers ${answer.status}`)
      return tag.slice(0, 200)
    },
    async scan(bytes, signal) {
      const request = 'GET http://upload.invalid/file HTTP/1.1\r\nHost: upload.invalid\r\n\r\n'
      const response = `HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: ${bytes.length}\r\n\r\n`
      const parts = `req-hdr=0, res-hdr=${request.length}, res-body=${request.length + response.length}`
      const answer = await exchange(
        where,
        (socket) => {
          socket.write(head('RESPMOD', 'Allow: 204', `Encapsulated: ${parts}`) + request + response)
          if (bytes.length > 0) {
            socket.write(`${bytes.length.toString(16)}\r\n`)
            socket.write(bytes)
            socket.write('\r\n')
          }
          socket.write('0\r\n\r\n')
        },
        { signal, maxBytes: bytes.length + MARGIN_BYTES },
      )
      return verdictFrom(parse(answer), bytes)
    },
  }
}

function verdictFrom({ status, headers, body }: IcapAnswer, bytes: Uint8Array): ScanVerdict {
  const found = FOUND_HEADERS.flatMap((name) => headers.get(name) ?? [])[0]
  if (found !== undefined) return { outcome: 'infected', signature: found.slice(0, 200) }
  if (status === 204) return { outcome: 'clean' }
  if (status !== 200) throw new Error(`the ICAP service answers ${status}`)
  // §4.8: 200 sends the file back, or something else in its place.
  const file = encapsulatedBody(headers.get('encapsulated') ?? '', body)
  return file?.equals(bytes) === true
    ? { outcome: 'clean' }
    : { outcome: 'infected', signature: 'blocked by the service' }
}

function parse(answer: Buffer): IcapAnswer {
  const end = answer.indexOf('\r\n\r\n')
  const [start = '', ...lines] = answer.toString('latin1', 0, end === -1 ? answer.length : end).split('\r\n')
  const status = Number(/^ICAP\/1\.0 (\d{3})(?: |$)/.exec(start)?.[1])
  if (end === -1 || !Number.isInteger(status)) throw new Error('the service does not speak ICAP')
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const
    }),
  )
  return { status, headers, body: answer.subarray(end + 4) }
}

/** The chunks of the body, put together; undefined when there is none. */
function encapsulatedBody(encapsulated: string, answer: Buffer): Buffer | undefined {
  const start = /(?:^|,\s*)res-body=(\d{1,9})(?:,|$)/.exec(encapsulated)?.[1]
  if (start === undefined) return undefined
  const chunks: Buffer[] = []
  for (let at = Number(start); ;) {
    const lineEnd = answer.indexOf('\r\n', at)
    if (lineEnd === -1) return undefined
    const length = Number.parseInt(answer.toString('latin1', at, lineEnd), 16)
    if (!Number.isSafeInteger(length) || length < 0 || lineEnd + 2 + length > answer.length) return undefined
    if (length === 0) return Buffer.concat(chunks)
    chunks.push(answer.subarray(lineEnd + 2, lineEnd + 2 + length))
    at = lineEnd + 2 + length + 2
  }
}

import { createHmac, hash, pbkdf2Sync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'

const HEADER = `<stream:stream to='localhost' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`

/** A stream over plain TCP, as text: what a benchmark needs of a client, and no more. */
interface Line {
  readonly socket: Socket
  write(text: string): void
  /** The first group of the next match, or the match; what came before it is dropped. Rejects when the server hangs up. */
  until(pattern: RegExp): Promise<string>
}

async function open(port: number): Promise<Line> {
  const socket = connect(port, '127.0.0.1')
  socket.setEncoding('utf8')
  await once(socket, 'connect')
  let text = ''
  let wake = () => {}
  socket.on('data', (chunk: string) => {
    text += chunk
    wake()
  })
  socket.on('error', () => {})
  socket.once('close', () => wake())
  return {
    socket,
    write: (more) => void socket.write(more),
    async until(pattern) {
      for (;;) {
        const match = pattern.exec(text)
        if (match) {
          text = text.slice(match.index + match[0].length)
          return match[1] ?? match[0]
        }
        if (socket.destroyed) throw new Error(`the server hung up after ${text}`)
        await new Promise<void>((resolve) => (wake = resolve))
      }
    },
  }
}

/**
 * Signs in once by SCRAM over plain TCP and hangs up (RFC 5802, RFC 7677). The stretching of the password is the client's
 * work, so what it costs the server is what this measures.
 *
 * @returns the mechanism, the best of those that the server offered.
 */
export async function signInByScram(port: number, name: string, password: string): Promise<string> {
  const line = await open(port)
  try {
    return await authenticate(line, name, password)
  } finally {
    line.socket.destroy()
  }
}

/** Signs in, binds a resource, says that it is there, and then listens to whatever comes until the socket is destroyed. */
export async function holdSession(port: number, name: string, password: string): Promise<Socket> {
  const line = await open(port)
  await authenticate(line, name, password)
  line.write(HEADER)
  await line.until(/<\/stream:features>/)
  line.write(`<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>`)
  await line.until(/<\/jid>/)
  line.write('<presence/>')
  await line.until(/<presence/)
  return line.socket.removeAllListeners('data').resume()
}

async function authenticate(line: Line, name: string, password: string): Promise<string> {
  line.write(HEADER)
  const features = await line.until(/<stream:features[^>]*>(.*?)<\/stream:features>/s)
  const digest = features.includes('>SCRAM-SHA-256<') ? 'sha256' : 'sha1'
  const mechanism = digest === 'sha256' ? 'SCRAM-SHA-256' : 'SCRAM-SHA-1'
  const nonce = randomBytes(18).toString('base64')
  const clientFirst = `n=${name},r=${nonce}`
  const encode = (value: string) => Buffer.from(value).toString('base64')
  line.write(
    `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='${mechanism}'>${encode(`n,,${clientFirst}`)}</auth>`,
  )
  const serverFirst = Buffer.from(await line.until(/<challenge[^>]*>([^<]*)<\/challenge>/), 'base64').toString()
  const [r = '', s = '', i = ''] = serverFirst.split(',').map((part) => part.slice(2))
  const salted = saltedPassword(password, s, Number(i), digest)
  const hmac = (key: Buffer, value: string) => createHmac(digest, key).update(value).digest()
  const clientKey = hmac(salted, 'Client Key')
  const storedKey = hash(digest, clientKey, 'buffer')
  const withoutProof = `c=biws,r=${r}`
  const signature = hmac(storedKey, `${clientFirst},${serverFirst},${withoutProof}`)
  const proof = Buffer.from(clientKey.map((byte, index) => byte ^ (signature[index] ?? 0)))
  line.write(
    `<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>${encode(`${withoutProof},p=${proof.toString('base64')}`)}</response>`,
  )
  await line.until(/<success/)
  return mechanism
}

const salteds = new Map<string, Buffer>()

/** Clients keep it, too (RFC 5802 §9). */
function saltedPassword(password: string, salt: string, iterations: number, digest: 'sha1' | 'sha256'): Buffer {
  const key = `${digest} ${iterations} ${salt}`
  const known =
    salteds.get(key) ??
    pbkdf2Sync(password, Buffer.from(salt, 'base64'), iterations, digest === 'sha256' ? 32 : 20, digest)
  salteds.set(key, known)
  return known
}

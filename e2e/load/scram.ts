import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'

/**
 * Signs in once by SCRAM over plain TCP and hangs up (RFC 5802, RFC 7677). The stretching of the password is the client's
 * work, so what it costs the server is what this measures.
 *
 * @returns the mechanism, the best of those that the server offered.
 */
export async function signInByScram(port: number, name: string, password: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.setEncoding('utf8')
  await once(socket, 'connect')
  let text = ''
  const until = async (pattern: RegExp): Promise<string> => {
    for (;;) {
      const match = pattern.exec(text)
      if (match) {
        text = text.slice(match.index + match[0].length)
        return match[1] ?? match[0]
      }
      const [chunk] = (await once(socket, 'data')) as [string]
      text += chunk
    }
  }
  try {
    socket.write(
      `<stream:stream to='localhost' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`,
    )
    const features = await until(/<stream:features[^>]*>(.*?)<\/stream:features>/s)
    const hash = features.includes('>SCRAM-SHA-256<') ? 'sha256' : 'sha1'
    const mechanism = hash === 'sha256' ? 'SCRAM-SHA-256' : 'SCRAM-SHA-1'
    const nonce = randomBytes(18).toString('base64')
    const clientFirst = `n=${name},r=${nonce}`
    const encode = (value: string) => Buffer.from(value).toString('base64')
    socket.write(
      `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='${mechanism}'>${encode(`n,,${clientFirst}`)}</auth>`,
    )
    const serverFirst = Buffer.from(await until(/<challenge[^>]*>([^<]*)<\/challenge>/), 'base64').toString()
    const [r = '', s = '', i = ''] = serverFirst.split(',').map((part) => part.slice(2))
    const size = hash === 'sha256' ? 32 : 20
    const salted = pbkdf2Sync(password, Buffer.from(s, 'base64'), Number(i), size, hash)
    const hmac = (key: Buffer, value: string) => createHmac(hash, key).update(value).digest()
    const clientKey = hmac(salted, 'Client Key')
    const storedKey = createHash(hash).update(clientKey).digest()
    const withoutProof = `c=biws,r=${r}`
    const signature = hmac(storedKey, `${clientFirst},${serverFirst},${withoutProof}`)
    const proof = Buffer.from(clientKey.map((byte, index) => byte ^ (signature[index] ?? 0)))
    socket.write(
      `<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>${encode(`${withoutProof},p=${proof.toString('base64')}`)}</response>`,
    )
    await until(/<success/)
    return mechanism
  } finally {
    socket.destroy()
  }
}

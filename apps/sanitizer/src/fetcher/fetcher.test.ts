import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { isPublicAddress } from './address.ts'
import { readPage } from './page.ts'
import { FetchFailed, type GetOptions, type Network, safeGet } from './safe-get.ts'
import { ForbiddenTarget, parseTarget } from './target.ts'

const PAGE: GetOptions = { maxBytes: 100_000, mayCut: true, accept: 'text/html' }

/**
 * An Internet of one machine: names of the table resolve to what it says, and the addresses of documentation are where
 * the server is. `127.0.0.1` is the only address that may be connected to, so that the classifier is not what is tested.
 */
async function internet(answer: RequestListener, names: Readonly<Record<string, readonly string[]>> = {}) {
  const requests: string[] = []
  const resolved: string[] = []
  const server = createServer((req, res) => {
    requests.push(`${req.headers.host} ${req.url}`)
    answer(req, res)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const network: Network = {
    resolve: async (hostname) => {
      resolved.push(hostname)
      return names[hostname] ?? ['127.0.0.1']
    },
    isAllowedAddress: (address) => address === '127.0.0.1',
    allowsPort: (wanted) => wanted === String(port),
  }
  return {
    requests,
    resolved,
    at: (path = '/', host = 'good.com') => `http://${host}:${port}${path}`,
    get: (url: string, options: Partial<GetOptions> = {}) => safeGet(url, { ...PAGE, ...options }, network),
    network,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}

describe('UP-13 addresses', () => {
  test.each([
    ...['0.0.0.0', '10.1.2.3', '100.64.0.1', '127.0.0.1', '127.255.0.1', '169.254.169.254', '172.16.0.1', '172.31.9.9'],
    ...['192.168.1.1', '192.0.0.8', '192.0.2.1', '198.18.0.1', '203.0.113.9', '224.0.0.1', '255.255.255.255'],
    ...['::', '::1', '::ffff:10.0.0.1', '::ffff:8.8.8.8', '::127.0.0.1', '64:ff9b::a00:1', '64:ff9b:1::1', '100::1'],
    ...[
      '2001::1',
      '2001:db8::1',
      '2002:a00:1::1',
      'fc00::1',
      'fd12::1',
      'fe80::1',
      'fe80::1%eth0',
      'fec0::1',
      'ff02::1',
    ],
    ...['3fff::1', '5f00::1', 'good.com', '', '0x7f.1', '127.1'],
  ])('%s is not of the public Internet', (address) => {
    expect(isPublicAddress(address)).toBe(false)
  })

  test.each(['8.8.8.8', '1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '2a00:1450:4001::200e'])(
    '%s is',
    (address) => {
      expect(isPublicAddress(address)).toBe(true)
    },
  )
})

describe('UP-13 targets', () => {
  test.each([
    ...[
      'file:///etc/passwd',
      'gopher://good.com/',
      'ftp://good.com/',
      'data:text/html,x',
      'javascript:1',
      'jar:http://x',
    ],
    ...['http://127.0.0.1/', 'http://127.1/', 'http://2130706433/', 'http://0x7f000001/', 'http://0177.0.0.1/'],
    ...['http://[::1]/', 'http://[::ffff:127.0.0.1]/', 'http://8.8.8.8/', 'http://①②⑦.0.0.1/', 'http://0/'],
    ...['http://good@evil.com/', 'http://a:b@good.com/', 'http://good.com:22/', 'https://good.com:80/'],
    ...['http://localhost/', 'http://intranet/', 'http://printer.local/', 'http://db.internal/', 'http://x.onion/'],
    ...['http://', 'good.com', '//good.com', '', `http://good.com/${'x'.repeat(3_000)}`],
  ])('%s is not fetched', (url) => {
    expect(() => parseTarget(url)).toThrow(ForbiddenTarget)
  })

  test('an ordinary address is, without its fragment', () => {
    expect(parseTarget('https://www.Example-Site.com:443/a?b#c').href).toBe('https://www.example-site.com/a?b')
  })
})

describe('UP-13 at every hop', () => {
  test('an address that is not public is not connected to, even among others', async () => {
    const names = { 'inside.com': ['10.0.0.1'], 'both.com': ['127.0.0.1', '169.254.169.254'], 'none.com': [] }
    await using net = await internet((_req, res) => res.end('secret'), names)
    await expect(net.get(net.at('/', 'inside.com'))).rejects.toThrow(ForbiddenTarget)
    await expect(net.get(net.at('/', 'both.com'))).rejects.toThrow(ForbiddenTarget)
    await expect(net.get(net.at('/', 'none.com'))).rejects.toThrow(FetchFailed)
    expect(net.requests).toEqual([])
  })

  test('a redirect leads nowhere that could not be asked for', async () => {
    const names = { 'inside.com': ['192.168.0.1'] }
    await using net = await internet((req, res) => {
      const to = decodeURIComponent(req.url!.slice(1))
      res.writeHead(302, { location: to }).end()
    }, names)
    for (const to of ['http://127.0.0.1/', 'file:///etc/passwd', 'http://x:y@good.com/', net.at('/', 'inside.com')]) {
      await expect(net.get(net.at(`/${encodeURIComponent(to)}`)), to).rejects.toThrow(ForbiddenTarget)
    }
    expect(net.requests).toHaveLength(4)
  })

  test('five redirects are followed and a sixth is not', async () => {
    await using net = await internet((req, res) => {
      const left = Number(req.url!.slice(1))
      if (left === 0) res.end('here')
      else res.writeHead(301, { location: `/${left - 1}` }).end()
    })
    expect((await net.get(net.at('/5'))).body.toString()).toBe('here')
    await expect(net.get(net.at('/6'))).rejects.toThrow('too many redirects')
  })

  test('a name is resolved once per hop, and the connection goes to that address (DNS rebinding)', async () => {
    const answers = [['127.0.0.1'], ['10.0.0.1']]
    await using net = await internet((_req, res) => res.end('ok'))
    const rebinding: Network = { ...net.network, resolve: async () => answers.shift()! }
    const got = await safeGet(net.at('/', 'rebind.com'), PAGE, rebinding)
    expect(got.body.toString()).toBe('ok')
    expect(answers).toHaveLength(1)
  })
})

describe('UP-13 bounds', () => {
  test('a page is cut at its limit, and an image over it is not taken', async () => {
    await using net = await internet((_req, res) => res.end(Buffer.alloc(500_000, 'x')))
    expect(await net.get(net.at())).toMatchObject({ isCut: true, body: { length: 100_000 } })
    await expect(net.get(net.at(), { mayCut: false })).rejects.toThrow('too large')
  })

  test('an endless answer is left after its limit', async () => {
    await using net = await internet((_req, res) => {
      const write = (): void => void (res.writable && res.write(Buffer.alloc(65_536), write))
      write()
    })
    expect(await net.get(net.at())).toMatchObject({ isCut: true })
  })

  test.each([
    ['gzip', gzipSync(Buffer.alloc(50_000_000))],
    ['br', brotliCompressSync(Buffer.alloc(5_000_000))],
  ])('a bomb in %s is not unpacked', async (encoding, body) => {
    await using net = await internet((_req, res) => res.writeHead(200, { 'content-encoding': encoding }).end(body))
    await expect(net.get(net.at(), { maxBytes: 40_000_000 })).rejects.toThrow('a bomb')
  })

  test('an honest page that is packed is unpacked', async () => {
    await using net = await internet((_req, res) =>
      res.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('<title>Hello</title>')),
    )
    expect((await net.get(net.at())).body.toString()).toBe('<title>Hello</title>')
  })

  test('an answer that breaks off, says nothing, or is no success is none', async () => {
    await using net = await internet((req, res) => {
      if (req.url === '/cut') {
        res.writeHead(200, { 'content-length': '1000' })
        res.write('x', () => res.destroy())
      } else if (req.url === '/gone') res.destroy()
      else if (req.url === '/odd') res.writeHead(200, { 'content-encoding': 'zip' }).end()
      else res.writeHead(404).end('no')
    })
    for (const path of ['/cut', '/gone', '/odd', '/404']) {
      await expect(net.get(net.at(path)), path).rejects.toThrow(FetchFailed)
    }
  })

  test('whoever waits no more ends it', async () => {
    await using net = await internet(() => {})
    const gone = new AbortController()
    const get = net.get(net.at(), { signal: gone.signal })
    gone.abort()
    await expect(get).rejects.toThrow()
  })
})

describe('what a page says about itself', () => {
  const read = (html: string) => readPage(Buffer.from(html), 'text/html; charset=utf-8')

  test('is read from its head', () => {
    const html = `<!DOCTYPE html><html><head><!-- <meta property="og:title" content="no"> -->
      <script>var x = '<meta property="og:title" content="no">'</script>
      <title>Second</title><meta property="og:title" content="Fish &amp; Chips &#x1F41F;"/>
      <META NAME=description CONTENT='It&apos;s   good'><meta property="og:site_name" content="Shop">
      <meta property="og:image" content="/pic.jpg"></head><body><meta property="og:image" content="no">`
    expect(read(html)).toEqual({
      title: 'Fish & Chips 🐟',
      description: "It's good",
      siteName: 'Shop',
      image: '/pic.jpg',
    })
  })

  test('is plain text, cut, without what turns or hides it', () => {
    const { title } = read(`<title>a\u202Eb\u0000c&lt;script&gt;&amp;lt; ${'long '.repeat(100)}</title>`)
    expect(title).toMatch(/^a b c<script>&lt; long/)
    expect(title!.length).toBeLessThanOrEqual(200)
    expect(title!.endsWith('…')).toBe(true)
  })

  test('may be nothing', () => {
    for (const html of ['', '<', '<meta', '<meta property="og:title" content="', '<title>', '<!--', '< <<>> </'])
      expect(read(html)).toEqual({})
  })

  test('costs one pass, whatever the page is made of', () => {
    for (const part of ['<', '<a ', '<script></script>', '<meta x="', "<meta x='", '<!-', '<title', '&#', '<a b=c ']) {
      const startedAt = performance.now()
      read(part.repeat(262_144 / part.length))
      expect(performance.now() - startedAt, part).toBeLessThan(1_500)
    }
  })
})

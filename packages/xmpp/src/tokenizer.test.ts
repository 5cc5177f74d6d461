import { describe, expect, test } from 'vitest'
import { BODY_CASES, STREAM_CASES, STREAM_HEADER, type StreamCase } from '../fixtures/stream-cases.ts'
import { StreamFault } from './errors.ts'
import { C2S_LIMITS, PREAUTH_LIMITS, type XmlLimits } from './limits.ts'
import { serialize } from './serialize.ts'
import { createStreamParser, parseElement } from './tokenizer.ts'

const encoder = new TextEncoder()

function bytesOf(row: Pick<StreamCase, 'input' | 'isBytes'>): Uint8Array {
  return row.isBytes ? Uint8Array.from(row.input, (c) => c.charCodeAt(0)) : encoder.encode(row.input)
}

/** Everything that a parser made of some chunks, in order, as one string per event. */
function transcript(chunks: Iterable<Uint8Array>, limits: XmlLimits = C2S_LIMITS): string[] {
  const events: string[] = []
  const parser = createStreamParser(limits, {
    open: (root, contentNamespace) => events.push(`open ${serialize(root)} ${contentNamespace}`),
    element: (element) => events.push(serialize(element)),
    close: () => events.push('close'),
  })
  try {
    for (const chunk of chunks) parser.write(chunk)
  } catch (error) {
    if (!(error instanceof StreamFault)) throw error
    events.push(`error ${error.condition}`)
  }
  return events
}

function* byteByByte(bytes: Uint8Array): Generator<Uint8Array> {
  for (let i = 0; i < bytes.length; i++) yield bytes.subarray(i, i + 1)
}

/** Checks that every way to cut the input gives the same events and the same verdict. */
function expectSameAtEverySplit(bytes: Uint8Array, whole: string[], limits: XmlLimits = C2S_LIMITS): void {
  expect(transcript(byteByByte(bytes), limits), 'byte by byte').toEqual(whole)
  for (let at = 1; at < bytes.length; at++) {
    const parts = transcript([bytes.subarray(0, at), bytes.subarray(at)], limits)
    if (parts.join('\n') !== whole.join('\n')) expect(parts, `split at ${at}`).toEqual(whole)
  }
}

describe('every row, whole, byte by byte and split at each offset (XS-15)', () => {
  test.each(STREAM_CASES.map((row) => [`${row.id} ${row.name}`, row] as const))('%s', (_, row) => {
    const bytes = bytesOf(row)
    const whole = transcript([bytes])
    const elements = whole.filter((event) => event.startsWith('<'))
    const error = whole.find((event) => event.startsWith('error '))?.slice(6)
    expect(elements).toEqual(row.elements ?? [])
    if (row.errors) expect(row.errors).toContain(error)
    else expect(error).toBeUndefined()
    expectSameAtEverySplit(bytes, whole)
  })
})

describe('XS-32 the same verdicts for a document as for a stream', () => {
  test.each(BODY_CASES.map((row) => [`${row.id} ${row.name}`, row] as const))('%s', (_, row) => {
    const text = `<message xmlns='jabber:client'><body>${row.input}</body></message>`
    const parse = (source: string | Uint8Array) => {
      try {
        return serialize(parseElement(source, C2S_LIMITS))
      } catch (error) {
        if (!(error instanceof StreamFault)) throw error
        return error.condition
      }
    }
    const expected = row.errors ?? row.elements
    expect(expected).toContain(parse(text))
    expect(parse(encoder.encode(text))).toBe(parse(text))
  })
})

describe('a document is exactly one element (RFC 7395 §3.3)', () => {
  test.each([
    ['', 'not-well-formed'],
    [' ', 'not-well-formed'],
    ['\n<a/>', 'not-well-formed'],
    ['a<a/>', 'not-well-formed'],
    ["<?xml version='1.0'?><a/>", 'restricted-xml'],
    ['<a/><b/>', 'not-well-formed'],
    ['<a/>b', 'not-well-formed'],
    ['<a/></a>', 'not-well-formed'],
    ['<a/><!-- -->', 'restricted-xml'],
    // The beginning of something, cut off: found by `pnpm fuzz`, seed 5020.
    ['<a/><', 'not-well-formed'],
    ['<a/></', 'not-well-formed'],
    ['<a/><!', 'not-well-formed'],
    ['<a/><![CDATA', 'not-well-formed'],
    ['<a/> <', 'not-well-formed'],
    ['<a>', 'not-well-formed'],
    ['<a><b></a>', 'not-well-formed'],
    ['<a', 'not-well-formed'],
    ['<', 'not-well-formed'],
    ['<a>text', 'not-well-formed'],
    ['\ufeff<a/>', 'not-well-formed'],
    ["<stream:stream xmlns='jabber:client'>", 'bad-namespace-prefix'],
    ['<a>\ud800</a>', 'not-well-formed'],
  ])('%j is refused: %s', (source, condition) => {
    expect(() => parseElement(source, C2S_LIMITS)).toThrow(expect.objectContaining({ name: 'StreamFault', condition }))
  })

  test('truncated UTF-8 at the end is refused', () => {
    const bytes = Uint8Array.from([...encoder.encode('<a/>'), 0xe2, 0x82])
    expect(() => parseElement(bytes, C2S_LIMITS)).toThrow(
      expect.objectContaining({ condition: 'unsupported-encoding' }),
    )
  })

  test('white space may follow', () => {
    expect(serialize(parseElement('<a/> \n', C2S_LIMITS))).toBe('<a xmlns=""/>')
  })
})

describe('the tree', () => {
  test('parents, names and namespaces are what xmpp.js makes of them', () => {
    const message = parseElement(
      "<message xmlns='jabber:client' type='chat'><body>hi</body><x xmlns='urn:x'><y/></x></message>",
      C2S_LIMITS,
    )
    expect(message.parent).toBeNull()
    expect(message.getNS()).toBe('jabber:client')
    const x = message.getChild('x', 'urn:x')
    expect(x?.parent).toBe(message)
    expect(x?.getChild('y')?.getNS()).toBe('urn:x')
    expect(x?.getChild('y')?.attrs).toEqual({})
    expect(message.getChildText('body')).toBe('hi')
    expect(message.getChild('body', 'urn:x')).toBeUndefined()
  })

  test('XS-22 attributes have no inherited members, and nothing is polluted', () => {
    const element = parseElement("<a __proto__='x' constructor='y'/>", C2S_LIMITS)
    expect(Object.keys(element.attrs)).toEqual(['xmlns', '__proto__', 'constructor'])
    expect(element.attrs['toString']).toBeUndefined()
    expect(element.attrs['__proto__']).toBe('x')
    expect(({} as Record<string, unknown>)['x']).toBeUndefined()
  })

  test('text, references and CDATA that touch are one text', () => {
    const element = parseElement('<a>b&amp;<![CDATA[c]]>d<e/>f</a>', C2S_LIMITS)
    expect(element.children.map(String)).toEqual(['b&cd', '<e/>', 'f'])
  })
})

describe('the stream', () => {
  test('the header comes with its own and with the content namespace (XS-25)', () => {
    expect(transcript([encoder.encode(STREAM_HEADER)])).toEqual([
      'open <stream xmlns="http://etherx.jabber.org/streams" to="im.test" version="1.0"/> jabber:client',
    ])
    expect(transcript([encoder.encode("<stream xmlns='urn:x'>")])).toEqual(['open <stream xmlns="urn:x"/> urn:x'])
  })

  test('an empty header opens and closes the stream', () => {
    expect(transcript([encoder.encode("<a xmlns='urn:x'/>")])).toEqual(['open <a xmlns="urn:x"/> urn:x', 'close'])
  })

  test('white space between stanzas is reported, and costs nothing', () => {
    let count = 0
    const parser = createStreamParser(PREAUTH_LIMITS, {
      open() {},
      element() {},
      close() {},
      whitespace: () => count++,
    })
    parser.write(encoder.encode(STREAM_HEADER))
    for (let i = 0; i < 100; i++) parser.write(encoder.encode(' '.repeat(1000)))
    expect(count).toBe(100)
    expect(parser.pendingBytes).toBe(0)
  })

  test('TL-03 what follows in the same chunk is dropped once the parser is stopped, even if it is not XML', () => {
    const seen: string[] = []
    const parser = createStreamParser(PREAUTH_LIMITS, {
      open() {},
      element(element) {
        seen.push(element.name)
        parser.stop()
      },
      close: () => seen.push('close'),
    })
    const plain = encoder.encode(`${STREAM_HEADER}<starttls/><auth/>`)
    const secret = Uint8Array.from([...plain, 0x16, 0x03, 0x01, 0xff])
    parser.write(secret)
    parser.write(encoder.encode('<auth/>'))
    parser.end()
    expect(seen).toEqual(['starttls'])
  })

  test('stopping in the header, and in an empty header, stops', () => {
    for (const header of [STREAM_HEADER, "<a xmlns='urn:x'/>"]) {
      const seen: string[] = []
      const parser = createStreamParser(PREAUTH_LIMITS, {
        open: () => parser.stop(),
        element: () => seen.push('element'),
        close: () => seen.push('close'),
      })
      parser.write(encoder.encode(`${header}<auth/>`))
      expect(seen).toEqual([])
    }
  })

  test('after a fault the parser is deaf', () => {
    const seen: string[] = []
    const parser = createStreamParser(C2S_LIMITS, { open() {}, element: (e) => seen.push(e.name), close() {} })
    expect(() => parser.write(encoder.encode(`${STREAM_HEADER}<!--`))).toThrow(StreamFault)
    parser.write(encoder.encode('--><iq/>'))
    expect(seen).toEqual([])
  })

  test.each([
    ['inside a stanza', `${STREAM_HEADER}<iq>`],
    ['inside a tag', `${STREAM_HEADER}<iq`],
    ['inside a text', `${STREAM_HEADER}<iq>abc`],
  ])('an end of input %s is a fault', (_, input) => {
    const parser = createStreamParser(C2S_LIMITS, { open() {}, element() {}, close() {} })
    parser.write(encoder.encode(input))
    expect(parser.pendingBytes).toBe(input.length - STREAM_HEADER.length)
    expect(() => parser.end()).toThrow(StreamFault)
  })

  test('an end of input between stanzas is not', () => {
    const parser = createStreamParser(C2S_LIMITS, { open() {}, element() {}, close() {} })
    parser.write(encoder.encode(`${STREAM_HEADER}<iq/> `))
    expect(() => parser.end()).not.toThrow()
  })
})

describe('limits', () => {
  const verdict = (content: string, limits = C2S_LIMITS) => {
    const events = transcript([encoder.encode(STREAM_HEADER + content)], limits)
    return events.at(-1)?.startsWith('error') ? events.at(-1) : `${events.length - 1} accepted`
  }
  const small: XmlLimits = {
    maxStanzaBytes: 200,
    maxDepth: 3,
    maxElements: 4,
    maxAttributes: 3,
    maxNameBytes: 40,
    maxNamespaces: 4,
  }
  const sized = (bytes: number, filler = 'x') => {
    const frame = '<message><body></body></message>'
    const units = (bytes - frame.length) / encoder.encode(filler).length
    return `<message><body>${filler.repeat(units)}</body></message>`
  }

  test('DS-01 a stanza of 10,000 bytes is accepted', () => {
    expect(verdict(sized(10_000))).toBe('1 accepted')
  })

  test('DS-02 a stanza of exactly the limit is accepted, one byte more is not', () => {
    expect(verdict(sized(256 * 1024))).toBe('1 accepted')
    expect(verdict(sized(256 * 1024 + 1))).toBe('error policy-violation')
    expect(verdict(sized(256 * 1024, 'ä'))).toBe('1 accepted')
    expect(verdict(`${sized(256 * 1024, 'ä').slice(0, -10)}x</message>`)).toBe('error policy-violation')
  })

  test('DS-02 the limit is the same at every split, in ASCII and beyond it', () => {
    const header = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
    for (const filler of ['x', 'ä', '€', '😀']) {
      for (const bytes of [200, 204]) {
        for (const tail of ['', '<iq/>', '<!--', '\x01', '&']) {
          const input = encoder.encode(`${header}<iq/>${sized(bytes, filler)}${tail}`)
          expectSameAtEverySplit(input, transcript([input], small), small)
        }
      }
    }
    expect(transcript([encoder.encode(header + sized(200, '€'))], small)).toHaveLength(2)
    expect(transcript([encoder.encode(header + sized(204, '€'))], small)[1]).toBe('error policy-violation')
  })

  test('an error beyond the limit is not looked at', () => {
    const header = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
    for (const content of ["<a b='", '<a>&', '<a><![CDATA[', `<a></a${' '.repeat(50)}`, '<a b=x']) {
      for (let length = 195; length < 205; length++) {
        const input = encoder.encode(`${header}${content.padEnd(length, ' ')}\x01<`)
        expectSameAtEverySplit(input, transcript([input], small), small)
      }
    }
  })

  test('DS-03 before authentication 9 KB or 33 elements are too many', () => {
    expect(verdict(sized(8 * 1024), PREAUTH_LIMITS)).toBe('1 accepted')
    expect(verdict(sized(9 * 1024), PREAUTH_LIMITS)).toBe('error policy-violation')
    expect(verdict(`<iq>${'<a/>'.repeat(31)}</iq>`, PREAUTH_LIMITS)).toBe('1 accepted')
    expect(verdict(`<iq>${'<a/>'.repeat(32)}</iq>`, PREAUTH_LIMITS)).toBe('error policy-violation')
  })

  test('DS-03 the header is limited too', () => {
    const events = transcript([encoder.encode(`<stream:stream a='${'x'.repeat(9000)}'`)], PREAUTH_LIMITS)
    expect(events).toEqual(['error policy-violation'])
  })

  test.each([32, 33, 50_000])('DS-04 %i levels', (depth) => {
    const content = '<a>'.repeat(depth) + '</a>'.repeat(depth)
    expect(verdict(content)).toBe(depth <= 32 ? '1 accepted' : 'error policy-violation')
  })

  test('DS-05 2,048 elements are accepted, 2,049 are not', () => {
    expect(verdict(`<iq>${'<a/>'.repeat(2047)}</iq>`)).toBe('1 accepted')
    expect(verdict(`<iq>${'<a/>'.repeat(2048)}</iq>`)).toBe('error policy-violation')
  })

  test('DS-06 64 attributes are accepted, 65 are not', () => {
    const attributes = (count: number) => Array.from({ length: count }, (_, i) => `a${i}='${i}'`).join(' ')
    expect(verdict(`<iq ${attributes(64)}/>`)).toBe('1 accepted')
    expect(verdict(`<iq ${attributes(65)}/>`)).toBe('error policy-violation')
  })

  test('names are limited in bytes', () => {
    expect(verdict(`<${'a'.repeat(256)}/>`)).toBe('1 accepted')
    expect(verdict(`<${'a'.repeat(257)}/>`)).toBe('error policy-violation')
    expect(verdict(`<${'ä'.repeat(128)}/>`)).toBe('1 accepted')
    expect(verdict(`<${'ä'.repeat(129)}/>`)).toBe('error policy-violation')
    expect(verdict(`<iq ${'a'.repeat(257)}=''/>`)).toBe('error policy-violation')
  })

  test('DS-07 20,000 nested namespace declarations are too many', () => {
    const nested = Array.from({ length: 20_000 }, (_, i) => `<a xmlns:p${i}='u${i}'>`).join('')
    expect(verdict(nested)).toBe('error policy-violation')
    const limits = { ...C2S_LIMITS, maxDepth: 30_000, maxElements: 30_000, maxStanzaBytes: 10_000_000 }
    expect(verdict(nested, limits)).toBe('error policy-violation')
    expect(verdict(`<a ${Array.from({ length: 30 }, (_, i) => `xmlns:p${i}='u'`).join(' ')}/>`)).toBe('1 accepted')
    expect(verdict(`<a ${Array.from({ length: 31 }, (_, i) => `xmlns:p${i}='u'`).join(' ')}/>`)).toBe(
      'error policy-violation',
    )
  })

  test('a prefix for a long namespace cannot make the tree larger than the limit', () => {
    const long = 'u'.repeat(250)
    const prefixes = Array.from({ length: 25 }, (_, i) => `xmlns:p${i}='${long}${i}'`).join(' ')
    const attributes = Array.from({ length: 25 }, (_, i) => `p${i}:a=''`).join(' ')
    expect(verdict(`<iq ${prefixes}>${`<a ${attributes}/>`.repeat(100)}</iq>`)).toBe('error policy-violation')
    expect(verdict(`<iq xmlns:p='${'u'.repeat(300)}'/>`)).toBe('error policy-violation')
  })

  test('each of the limits holds at every split', () => {
    const header = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
    for (const content of [
      '<a><b><c><d/></c></b></a>',
      '<a><b/><b/><b/><b/></a>',
      "<a b='' c='' d='' e=''/>",
      `<${'a'.repeat(41)}/>`,
      `<${'ä'.repeat(21)}/>`,
      `<a ${'b'.repeat(41)}=''/>`,
      "<a xmlns:a='u' xmlns:b='u' xmlns:c='u'/>",
      "<a b='' c='' d='' e='<'/>",
      `<${'a'.repeat(41)}!/>`,
      '<a><b/><b/><b/><1/></a>',
    ]) {
      const input = encoder.encode(`${header}${content}<iq/>`)
      const whole = transcript([input], small)
      expect(
        whole.map((event) => event.split(' ')[0]),
        content,
      ).toEqual(['open', 'error'])
      expectSameAtEverySplit(input, whole, small)
    }
  })

  test('the stanza is measured anew each time', () => {
    expect(verdict('<iq/>'.repeat(1000), { ...C2S_LIMITS, maxStanzaBytes: 200 })).toBe('1000 accepted')
  })

  test('limits can be raised when a client has signed in', () => {
    const seen: string[] = []
    const parser = createStreamParser(PREAUTH_LIMITS, { open() {}, element: (e) => seen.push(e.name), close() {} })
    parser.write(encoder.encode(STREAM_HEADER))
    parser.setLimits(C2S_LIMITS)
    parser.write(encoder.encode(sized(100_000)))
    expect(seen).toEqual(['message'])
  })
})

describe('DS-08 giant tokens are closed at the limit, in linear time', () => {
  const hostile: [name: string, start: string, filler: string][] = [
    ['attribute', "<iq a='", 'x'],
    ['attribute of quotes', "<iq a='", '"'],
    ['attribute of brackets', "<iq a='", '>'],
    ['text', '<iq>', 'x'],
    ['text beyond ASCII', '<iq>', 'ä'],
    ['reference', '<iq>&', 'x'],
    ['CDATA', '<iq><![CDATA[', ']'],
    ['end tag', '<iq></iq', ' '],
    ['tag', '<iq', ' '],
    ['name', '<', 'x'],
  ]
  test.each(hostile)('%s', (_, start, filler) => {
    const piece = encoder.encode(filler.repeat(10))
    const limits = { ...C2S_LIMITS, maxNameBytes: 1 << 20 }
    const events = transcript(
      (function* () {
        yield encoder.encode(STREAM_HEADER + start)
        for (let i = 0; i < 40_000; i++) yield piece
      })(),
      limits,
    )
    expect(events.at(-1)).toBe('error policy-violation')
  })
})

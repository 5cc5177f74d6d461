import type { AuditRow } from '@drawbridge/db'
import { describe, expect, test } from 'vitest'
import { ocsfEvent } from './ocsf.ts'
import { otlpLogs } from './otlp.ts'
import { plainJson } from './readable.ts'
import { eventSinksConfig } from './sinks.config.ts'
import { frame, syslogMessage } from './syslog.ts'

const HOSTILE = 'a"] [x@1 y="\\" \n<109>1 - \0\u007f\u0085\u2028\u202etxt.exe\ud800'

const row = (over: Partial<AuditRow> = {}): AuditRow => ({
  seq: 7,
  at: new Date('2026-11-23T10:00:00.123Z'),
  actor: 'ann@im.test',
  action: 'set-roles',
  target: 'bob@im.test',
  detail: { roles: ['auditor'] },
  prevHash: Buffer.alloc(32),
  hash: Buffer.alloc(32, 1),
  ...over,
})
const HASH = '01'.repeat(32)

describe('RFC 5424', () => {
  test('a row is one message with its number as structured data', () => {
    expect(syslogMessage(row(), 'bücher.test').toString()).toBe(
      '<109>1 2026-11-23T10:00:00.123Z xn--bcher-kva.test drawbridge - set-roles ' +
        `[drawbridge@32473 seq="7" actor="ann@im.test" action="set-roles" target="bob@im.test" hash="${HASH}"] ` +
        '\ufeff{"roles":["auditor"]}',
    )
  })

  test('§6.3.3: hostile texts neither end a value nor a line, nor turn the direction of writing', () => {
    const text = syslogMessage(row({ actor: HOSTILE, target: HOSTILE, detail: { [HOSTILE]: HOSTILE } }), 'im.test')
      .toString()
      .replace('\ufeff', '')
    expect(text).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
    expect(text).toContain(
      String.raw`actor="a\"\] [x@1 y=\"\\\" \\u000a<109>1 - \\u0000\\u007f\\u0085\\u2028\\u202etxt.exe`,
    )
    const data = /\[drawbridge@32473(?: \w+="(?:\\["\\\]]|[^"\\\]])*")+\] (?<text>.*)$/u.exec(text)
    expect(JSON.parse(data!.groups!['text']!)).toEqual({ [HOSTILE]: HOSTILE })
  })

  test('an action of odd characters stays a MSGID of 32 printable ones', () => {
    expect(syslogMessage(row({ action: `ä b${'c'.repeat(40)}` }), 'im.test').toString()).toContain(
      ` - ??b${'c'.repeat(29)} [`,
    )
  })

  test('RFC 5425 §4.3: frames count bytes', () => {
    expect(frame(Buffer.from('é')).toString()).toBe('2 é')
  })

  test('RFC 5425 §4.3.1: no message is longer than a receiver has to take, and a cut one says so', () => {
    for (let padding = 0; padding < 4; padding++) {
      const long = syslogMessage(row({ detail: { text: 'x'.repeat(padding) + '€'.repeat(9_000) } }), 'im.test')
      expect(long.length).toBeLessThanOrEqual(8_192)
      expect(long.length).toBeGreaterThan(8_188)
      expect(long.toString()).toContain('cut="true"')
      expect(long.toString()).not.toContain('\ufffd')
    }
    const names = { actor: HOSTILE.repeat(100), target: '\u202e'.repeat(9_000) }
    expect(syslogMessage(row(names), 'im.test').toString()).toContain('] \ufeff{"roles":["auditor"]}')
  })
})

describe('OCSF', () => {
  test.each([
    ['create-account', 3001, 1],
    ['set-password', 3001, 3],
    ['sign-in', 3002, 1],
    ['put-playbook', 3004, 3],
    ['read-held', 3004, 2],
    ['end-suspension', 3004, 4],
    ['use-break-glass', 6003, 99],
    ['constructor', 6003, 99],
    ['__proto__-x', 6003, 99],
    ['', 6003, 99],
  ])('%s is of class %d, activity %d', (action, class_uid, activity_id) => {
    expect(ocsfEvent(row({ action }), 'im.test')).toMatchObject({
      class_uid,
      category_uid: Math.floor(class_uid / 1_000),
      activity_id,
      type_uid: class_uid * 100 + activity_id,
      time: 1_795_428_000_123,
      actor: { user: { name: 'ann@im.test' } },
      metadata: { version: '1.3.0', sequence: 7, uid: HASH, event_code: action },
    })
  })

  test('a refused sign-in is a failure of the account it was for, from where it came', () => {
    const refused = row({ actor: 'server', action: 'refuse-admin-sign-in', detail: { remoteAddress: '192.0.2.1' } })
    expect(ocsfEvent(refused, 'im.test')).toMatchObject({
      status_id: 2,
      severity_id: 3,
      user: { name: 'bob@im.test' },
      src_endpoint: { ip: '192.0.2.1' },
    })
  })

  test('hostile texts stay in one line, with nothing that acts on a terminal, and come back as they were', () => {
    const event = ocsfEvent(row({ actor: HOSTILE, target: HOSTILE, detail: { [HOSTILE]: HOSTILE } }), 'im.test')
    const line = plainJson(event)
    expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
    expect(JSON.parse(line)).toEqual(event)
  })
})

test('OTLP: numbers of 64 bits are strings, hostile texts are values', () => {
  const [{ scopeLogs }] = otlpLogs([row({ target: HOSTILE })], 'im.test').resourceLogs as [
    ReturnType<typeof otlpLogs>['resourceLogs'][number],
  ]
  expect(scopeLogs[0]!.logRecords).toEqual([
    expect.objectContaining({
      timeUnixNano: '1795428000123000000',
      eventName: 'set-roles',
      attributes: expect.arrayContaining([
        { key: 'drawbridge.audit.seq', value: { intValue: '7' } },
        { key: 'drawbridge.audit.target', value: { stringValue: HOSTILE } },
      ]),
    }),
  ])
})

test.each([
  [{ syslogUrl: 'tcp://siem.test:6514' }, false],
  [{ syslogUrl: 'tls://siem.test' }, true],
  [{ otlpUrl: 'http://otel.test:4318' }, false],
  [{ otlpUrl: 'http://[::1]:4318' }, true],
  [{ otlpUrl: 'https://otel.test' }, true],
  [{ ocsfFile: 'events.jsonl' }, false],
])('settings %o are taken: %s', (settings, isTaken) => {
  expect(eventSinksConfig.safeParse(settings).success).toBe(isTaken)
})

import { startEmbeddedPostgres } from '@drawbridge/db'
import { ordinaryPng, startTestRedis } from '@drawbridge/testkit'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startStack } from '../support/stack.ts'
import { upload } from '../support/upload.ts'
import { connectClient } from '../support/xmpp-client.ts'

test('with a PostgreSQL and a Redis of the operator, the same product runs on them', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'external-'))
  await chmod(directory, 0o711)
  const postgres = await startEmbeddedPostgres({ directory: join(directory, 'postgres') })
  await using redis = await startTestRedis()
  try {
    await using stack = await startStack({
      env: { DRAWBRIDGE_DATABASE_URL: postgres.url, DRAWBRIDGE_REDIS_URL: redis.url },
    })
    expect(existsSync(join(stack.dataDir, 'postgres'))).toBe(false)
    const [alice, bob] = [await stack.account('alice'), await stack.account('bob')]
    const from = await connectClient({ port: stack.c2sPort, ...alice })
    const to = await connectClient({ port: stack.c2sTlsPort, mode: 'direct', channelBinding: 'tls-exporter', ...bob })
    to.send('<presence/>')
    from.send('<message to="bob@localhost" type="chat" id="m"><body>over there</body></message>')
    await to.next((element) => element.getChildText('body') === 'over there')
    const outcome = await upload(from, 'photo.png', ordinaryPng(), 'image/png')
    expect(outcome.status).toBe(201)

    // Redis loses everything it held: nothing that matters is only there.
    await redis.restart('lose')
    const again = await upload(from, 'photo.png', ordinaryPng(), 'image/png')
    expect(again.status).toBe(201)
    await from.end()
    await to.end()
  } finally {
    await postgres.stop()
    await rm(directory, { recursive: true, force: true })
  }
})

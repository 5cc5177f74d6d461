import { ConfigError, loadConfig } from '@drawbridge/runtime'
import { expect, test } from 'vitest'
import { serverConfig } from '../../server.config.ts'

const REQUIRED = { DRAWBRIDGE_DOMAIN: 'im.test', DRAWBRIDGE_DATA_DIR: '/tmp/nowhere', DRAWBRIDGE_BIND: '127.0.0.1' }

/** What the operator is told of these settings; nothing when they can be used. */
function faultsOf(env: Readonly<Record<string, string>>): readonly string[] {
  try {
    loadConfig(serverConfig, { env: { ...REQUIRED, DRAWBRIDGE_OIDC_AUDIENCES: 'xmpp:im.test', ...env } })
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.faults
    throw error
  }
}

const HTTPS_ONLY = [expect.stringContaining('DRAWBRIDGE_OIDC_ISSUER must be an https address')]

test.each<[env: Readonly<Record<string, string>>, faults: readonly unknown[]]>([
  [{ DRAWBRIDGE_OIDC_ISSUER: 'https://login.example.com/realms/staff' }, []],
  [{ DRAWBRIDGE_OIDC_ISSUER: 'http://login.example.com' }, HTTPS_ONLY],
  [{ DRAWBRIDGE_OIDC_ISSUER: 'http://127.0.0.1:9000' }, HTTPS_ONLY],
  [{ DRAWBRIDGE_OIDC_ISSUER: 'http://127.0.0.1:9000', DRAWBRIDGE_ALLOW_PLAINTEXT: 'true' }, []],
  [{ DRAWBRIDGE_OIDC_ISSUER: 'http://localhost:9000', DRAWBRIDGE_ALLOW_PLAINTEXT: 'true' }, []],
  [{ DRAWBRIDGE_OIDC_ISSUER: 'http://127.0.0.1.example.com', DRAWBRIDGE_ALLOW_PLAINTEXT: 'true' }, HTTPS_ONLY],
  [{ DRAWBRIDGE_OIDC_ISSUER: 'http://login.example.com', DRAWBRIDGE_ALLOW_PLAINTEXT: 'true' }, HTTPS_ONLY],
  [
    { DRAWBRIDGE_OIDC_ISSUER: 'https://login.example.com', DRAWBRIDGE_OIDC_AUDIENCES: '' },
    [expect.stringContaining('needs DRAWBRIDGE_OIDC_AUDIENCES')],
  ],
  [
    { DRAWBRIDGE_OIDC_ISSUER: 'https://login.example.com', DRAWBRIDGE_OIDC_ALGORITHMS: 'RS256,HS256' },
    [expect.stringContaining('expected some of RS256')],
  ],
  [{ DRAWBRIDGE_OIDC_ISSUER: 'https://login.example.com', DRAWBRIDGE_OIDC_WEB_CLIENT: 'web' }, []],
  [{ DRAWBRIDGE_OIDC_WEB_CLIENT: 'web' }, [expect.stringContaining('needs DRAWBRIDGE_OIDC_ISSUER')]],
  [
    {
      DRAWBRIDGE_OIDC_ISSUER: 'https://login.example.com',
      DRAWBRIDGE_OIDC_WEB_CLIENT: 'web',
      DRAWBRIDGE_OIDC_CLIENTS: 'phone',
    },
    [expect.stringContaining('must name DRAWBRIDGE_OIDC_WEB_CLIENT')],
  ],
])('the operator’s %j is used, or refused in a sentence', (env, faults) => {
  expect(faultsOf(env)).toEqual(faults)
})

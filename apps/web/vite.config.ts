import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

const here = fileURLToPath(new URL('.', import.meta.url))
const { version: packageVersion } = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8')) as { version: string }

/** The version this build announces. Tests override it to have an old and a new build at hand. */
const version = process.env['DRAWBRIDGE_WEB_VERSION'] ?? packageVersion

/** Names the build by what it was made from, so that equal sources give an equal id. */
function buildId(): string {
  const hash = createHash('sha256').update(version)
  for (const sources of [join(here, 'src'), join(here, '../../packages/ui/src')]) {
    for (const name of readdirSync(sources, { recursive: true, encoding: 'utf8' }).sort()) {
      if (/\.(tsx?|css)$/.test(name)) hash.update(name).update(readFileSync(join(sources, name)))
    }
  }
  return hash.digest('hex').slice(0, 10)
}

const build = buildId()

/** Writes /build.json: a running page compares it with its own build to learn that a newer one is served. */
function buildManifest(): Plugin {
  return {
    name: 'drawbridge-build-manifest',
    generateBundle() {
      const source = `${JSON.stringify({ name: 'drawbridge-web', version, build })}\n`
      this.emitFile({ type: 'asset', fileName: 'build.json', source })
    },
  }
}

/** Writes /sbom.json (CycloneDX): every package that a module of this build came from, and no other. */
function billOfMaterials(): Plugin {
  return {
    name: 'drawbridge-bill-of-materials',
    generateBundle(_, bundle) {
      const modules = Object.values(bundle).flatMap((chunk) =>
        chunk.type === 'chunk' ? Object.keys(chunk.modules) : [],
      )
      const packages = new Set(
        modules.flatMap((module) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(module) ?? []),
      )
      const components = [...packages].sort().map((path) => {
        const { name, version } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')) as Record<string, string>
        return { type: 'library', name, version, purl: `pkg:npm/${name?.replace('@', '%40')}@${version}` }
      })
      const component = { type: 'application', name: 'drawbridge-web', version, 'bom-ref': build }
      const document = { bomFormat: 'CycloneDX', specVersion: '1.6', version: 1, metadata: { component }, components }
      this.emitFile({ type: 'asset', fileName: 'sbom.json', source: `${JSON.stringify(document, null, 2)}\n` })
    },
  }
}

const nothing = join(here, 'src/connection/nothing.ts')
const leftOut = join(here, 'src/connection/left-out.ts')

export default defineConfig({
  root: here,
  plugins: [react(), billOfMaterials(), buildManifest()],
  define: { __VERSION__: JSON.stringify(version), __BUILD__: JSON.stringify(build) },
  resolve: {
    // xmpp.js reaches for sockets, DNS and TLS of Node, and for mechanisms we refuse to speak (README, "The wire").
    alias: [
      { find: /^(node:)?(dns|net|tls)$/, replacement: nothing },
      { find: /^@xmpp\/(tcp|tls|starttls|sasl-scram-sha-1)$/, replacement: nothing },
      { find: /^@xmpp\/(resolve|sasl-plain|sasl-anonymous|sasl-ht-sha-256-none)$/, replacement: leftOut },
    ],
  },
  build: {
    target: 'es2023',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
  server: {
    host: '127.0.0.1',
    proxy: process.env['DRAWBRIDGE_DEV_SERVER']
      ? Object.fromEntries(
          ['/xmpp-websocket', '/web-config.json', '/status.json', '/upload'].map((path) => [
            path,
            { target: process.env['DRAWBRIDGE_DEV_SERVER'] ?? '', ws: path === '/xmpp-websocket', changeOrigin: true },
          ]),
        )
      : {},
  },
})

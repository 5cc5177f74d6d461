import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

/** Written last: the server looks at its time to learn that there is a newer build. */
function buildManifest(): Plugin {
  return {
    name: 'drawbridge-build-manifest',
    generateBundle() {
      this.emitFile({ type: 'asset', fileName: 'build.json', source: '{"name":"drawbridge-admin"}\n' })
    },
  }
}

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: '/admin/',
  plugins: [react(), buildManifest()],
  build: {
    target: 'es2023',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
  server: {
    host: '127.0.0.1',
    proxy: process.env['DRAWBRIDGE_DEV_SERVER']
      ? { '/api': { target: process.env['DRAWBRIDGE_DEV_SERVER'], changeOrigin: true } }
      : {},
  },
})

import { createClamd } from './clamd.ts'
import type { AntivirusEngine } from './engine.ts'
import { createIcap } from './icap.ts'

/**
 * The engine at an address: `clamd:///run/clamav/clamd.ctl` or `clamd://host:3310` for ClamAV, and
 * `icap://host:1344/service` for any engine that speaks ICAP (RFC 3507).
 *
 * @throws when the address is neither.
 */
export function antivirusAt(address: string): AntivirusEngine {
  const url = URL.parse(address)
  if (url?.protocol === 'clamd:') return createClamd(url)
  if (url?.protocol === 'icap:' && url.hostname !== '') return createIcap(url)
  throw new Error(`${address} is not the address of an antivirus engine`)
}

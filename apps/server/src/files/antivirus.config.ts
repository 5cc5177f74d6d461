import { antivirusAt, duration, list } from '@drawbridge/runtime'
import { z } from 'zod'

/** Settings of antivirus engines. */
export const antivirusConfig = z.object({
  engines: list
    .refine((addresses) => addresses.every(isAddress), 'expected addresses such as clamd:///run/clamav/clamd.ctl')
    .default([])
    .readonly()
    .meta({
      env: 'DRAWBRIDGE_ANTIVIRUS',
      doc: 'Antivirus engines that look at files that are no images: clamd:///path or clamd://host:3310 for ClamAV, icap://host:1344/service for others. Each has to find a file clean. With one, files wait for it; whether they pass while it does not answer is in the media policy. Absent: files are judged by what they are, and not scanned.',
    }),
  timeoutMs: duration
    .refine((ms) => ms >= 100 && ms <= 20_000, 'expected 100 ms to 20 seconds')
    .default(8_000)
    .meta({
      env: 'DRAWBRIDGE_ANTIVIRUS_TIMEOUT',
      doc: 'How long one try of an engine may take, of three. Longer lets it look at larger files; shorter spares senders the wait when it hangs.',
    }),
})

export type AntivirusConfig = z.output<typeof antivirusConfig>

function isAddress(text: string): boolean {
  try {
    return antivirusAt(text).name !== ''
  } catch {
    return false
  }
}

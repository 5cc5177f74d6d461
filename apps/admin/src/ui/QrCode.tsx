import encodeQr from 'qr'

/** Modules of white around a code, which readers need (ISO/IEC 18004 §6.3.8). */
const QUIET = 4

/** A QR code, drawn by the page itself: what is in it leaves the page for nobody's service. */
export function QrCode({ text, label }: { readonly text: string; readonly label: string }) {
  const rows = encodeQr(text, 'raw', { border: QUIET })
  const path = rows.flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : ''))).join('')
  return (
    <svg className="qr" role="img" aria-label={label} viewBox={`0 0 ${rows.length} ${rows.length}`}>
      <path className="qr-paper" d={`M0 0h${rows.length}v${rows.length}h-${rows.length}z`} />
      <path className="qr-ink" d={path} />
    </svg>
  )
}

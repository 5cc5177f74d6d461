/** An icon as strokes on a 24 px grid. It is decoration: what it means is always said in words beside it. */
export function Glyph({ path, size = 20 }: { readonly path: string; readonly size?: number }) {
  return (
    <svg className="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={path} />
    </svg>
  )
}

/** The product's mark. */
export function Logo({ size = 28 }: { readonly size?: number }) {
  return (
    <svg className="logo" width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect className="logo-ground" width="32" height="32" rx="9" />
      <path className="logo-line" d="M7 23v-8a9 9 0 0 1 18 0v8M12 23v-7.500a4 4 0 0 1 8 0V23M5 23h22" />
    </svg>
  )
}

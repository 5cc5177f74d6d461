const WIDTH = 160
const HEIGHT = 28

/** How something went, from zero up; decoration beside the number that says it. */
export function Sparkline({ points }: { readonly points: readonly number[] }) {
  if (points.length < 2) return null
  const most = Math.max(...points, 1)
  const x = (index: number) => (index / (points.length - 1)) * WIDTH
  const y = (value: number) => HEIGHT - 1 - (value / most) * (HEIGHT - 2)
  return (
    <svg
      className="sparkline"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      aria-hidden="true"
      focusable="false"
    >
      <polyline points={points.map((value, index) => `${x(index).toFixed(1)},${y(value).toFixed(1)}`).join(' ')} />
    </svg>
  )
}

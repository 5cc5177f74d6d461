import { Link } from './parts.tsx'
import { hrefOf } from './route.ts'
import type { PageName } from './route.ts'

/** The parts of a page, one of which is shown; the first is the page's own address. */
export function Views<T extends string>({
  label,
  page,
  of,
  texts,
  current,
}: {
  readonly label: string
  readonly page: PageName
  readonly of: readonly T[]
  readonly texts: Readonly<Record<T, string>>
  readonly current: T
}) {
  return (
    <nav className="views" aria-label={label}>
      <ul>
        {of.map((name, index) => (
          <li key={name}>
            <Link href={hrefOf(page, { view: index === 0 ? undefined : name })} isCurrent={name === current}>
              {texts[name]}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  )
}

import type { GrantedPermission } from '@drawbridge/contract'
import { CODES, ROLE_TABLE } from '@drawbridge/contract/browser'
import { useEffect, useId, useRef, useState } from 'react'
import type { MouseEvent, ReactNode } from 'react'
import type { ApiProblem } from '../api/call.ts'
import { useMay } from '../api/console.ts'
import { rolesWith } from '../model/permission.ts'
import { useTexts } from '../texts/index.ts'
import { formatList, formatRelative } from '@drawbridge/ui'
import type { Language } from '@drawbridge/ui'
import type { Texts } from '../texts/index.ts'
import { formatClock, formatInstant, formatUtc, zoneOf } from './format.ts'
import { go } from './route.ts'
import type { Resource } from './use-resource.ts'

/** What went wrong, in words: the error table's own, and what the API adds about this case. */
export function problemText(problem: ApiProblem, t: Texts, language: Language): string {
  if (problem.code === 'unreachable') return t.unreachable
  const text = CODES[problem.code]?.text[language] ?? t.unexpected
  return problem.detail === undefined ? text : `${text} ${problem.detail}`
}

/** A link within the console; with a modifier key the browser does what it always does. */
export function Link({
  href,
  children,
  className,
  isCurrent = false,
}: {
  readonly href: string
  readonly children: ReactNode
  readonly className?: string
  readonly isCurrent?: boolean
}) {
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    event.preventDefault()
    go(href)
  }
  return (
    <a href={href} className={className} onClick={follow} aria-current={isCurrent ? 'page' : undefined}>
      {children}
    </a>
  )
}

/** What went wrong, where it was tried: whoever tried it goes on from there. Empty it keeps its place for screen readers. */
export function ProblemBox({
  problem,
  isFocused = true,
}: {
  readonly problem: ApiProblem | undefined
  /** False: the field that it is about takes the focus. */
  readonly isFocused?: boolean
}) {
  const { t, language } = useTexts()
  const box = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (problem && isFocused) box.current?.focus()
  }, [problem, isFocused])
  return (
    <div ref={box} role="alert" tabIndex={-1} className="problem" data-code={problem?.code}>
      {problem && problemText(problem, t, language)}
    </div>
  )
}

/**
 * Something of the API, in all its states: loading, here, here but old, refused with a way to try again. A refresh that
 * fails keeps the old numbers, with their age.
 */
export function Loaded<T>({
  resource,
  children,
}: {
  readonly resource: Resource<T>
  readonly children: (value: T) => ReactNode
}) {
  const { t, language } = useTexts()
  const { value, at, problem, isLoading, reload } = resource
  if (value === undefined && problem === undefined) {
    return (
      <div className="skeleton" aria-busy={isLoading}>
        <span className="visually-hidden">{t.loading}</span>
      </div>
    )
  }
  return (
    <>
      {problem && (
        <div role="alert" className="problem">
          <p>
            {problemText(problem, t, language)} {at !== undefined && t.stale(formatClock(at, language))}
          </p>
          <button type="button" className="button small" onClick={() => void reload()} aria-disabled={isLoading}>
            {t.retry}
          </button>
        </div>
      )}
      {value !== undefined && <div className={problem ? 'loaded stale' : 'loaded'}>{children(value)}</div>}
    </>
  )
}

/** A section of a page, under a heading. */
export function Panel({
  title,
  children,
  hint,
  actions,
  testId,
  isOpened = false,
}: {
  readonly title: string
  readonly children: ReactNode
  readonly hint?: string
  readonly actions?: ReactNode
  readonly testId?: string
  /** Whoever pressed something else to see it goes on from its heading. */
  readonly isOpened?: boolean
}) {
  const id = useId()
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    if (isOpened && document.activeElement !== document.body) heading.current?.focus()
  }, [isOpened])
  return (
    <section className="panel" aria-labelledby={id} data-testid={testId}>
      <header className="panel-header">
        <div>
          <h2 ref={heading} id={id} tabIndex={isOpened ? -1 : undefined}>
            {title}
          </h2>
          {hint && <p className="hint">{hint}</p>}
        </div>
        {actions}
      </header>
      {children}
    </section>
  )
}

/**
 * An instant in local time, with the distance from now, and UTC where the pointer rests; `hasUtc` writes it beside, for what
 * is compared with logs and with colleagues elsewhere.
 */
export function Moment({ at, hasUtc = false }: { readonly at: string; readonly hasUtc?: boolean }) {
  const { language } = useTexts()
  const relative = formatRelative(at, useNow(30_000), language)
  // Nobody needs to be told twice.
  const isUtc = hasUtc && zoneOf() === 'UTC'
  return (
    <time dateTime={at} title={formatUtc(at)} className="moment">
      <span>{isUtc ? formatUtc(at) : formatInstant(at, language)}</span> <span className="soft">({relative})</span>
      {hasUtc && !isUtc && (
        <>
          {' '}
          <span className="soft">· {formatUtc(at)}</span>
        </>
      )}
    </time>
  )
}

/** The present, renewed every so many milliseconds. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs)
    return () => clearInterval(timer)
  }, [everyMs])
  return now
}

/** What needs a permission: shown in any case, and disabled with the reason for those who have it not. */
export function Guarded({
  permission,
  children,
}: {
  readonly permission: GrantedPermission
  readonly children: ReactNode
}) {
  const { t, language } = useTexts()
  if (useMay(permission)) return children
  const roles = rolesWith(permission).map((role) => ROLE_TABLE[role].label[language])
  return (
    <fieldset disabled className="forbidden">
      <p className="hint">{t.notYours(formatList(roles, language))}</p>
      {children}
    </fieldset>
  )
}

/** A field with its label, a hint, and whatever the field is. */
export function Field({
  label,
  hint,
  children,
}: {
  readonly label: string
  readonly hint?: string
  readonly children: (ids: { readonly id: string; readonly 'aria-describedby'?: string }) => ReactNode
}) {
  const id = useId()
  const hintId = useId()
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({ id, ...(hint && { 'aria-describedby': hintId }) })}
      {hint && (
        <p className="hint" id={hintId}>
          {hint}
        </p>
      )}
    </div>
  )
}

/** A text field with its label. */
export function TextField({
  label,
  hint,
  value,
  onChange,
  type = 'text',
  isRequired = false,
  ...others
}: {
  readonly label: string
  readonly hint?: string
  readonly value: string
  readonly onChange: (text: string) => void
  readonly type?: 'text' | 'url' | 'number' | 'datetime-local'
  readonly isRequired?: boolean
  readonly lang?: string
  readonly maxLength?: number
  readonly min?: number
  readonly max?: number
}) {
  const { t } = useTexts()
  // What a clock says depends on where it hangs.
  const zoned = type === 'datetime-local' ? [hint, t.inZone(zoneOf())].filter(Boolean).join(' ') : hint
  return (
    <Field label={label} {...(zoned && { hint: zoned })}>
      {(ids) => (
        <input
          {...ids}
          {...others}
          type={type}
          {...(type === 'number' && { inputMode: 'numeric' })}
          spellCheck={type === 'text' && others.lang !== undefined}
          required={isRequired}
          value={value}
          onChange={({ target }) => onChange(target.value)}
        />
      )}
    </Field>
  )
}

/** One of a few, each with its text. */
export function Choice<T extends string>({
  ids,
  of,
  texts,
  value,
  onChange,
}: {
  readonly ids: { readonly id: string; readonly 'aria-describedby'?: string }
  readonly of: readonly T[]
  readonly texts: Readonly<Record<T, string>>
  readonly value: T
  readonly onChange: (chosen: T) => void
}) {
  return (
    <select
      {...ids}
      value={value}
      onChange={({ target }) => {
        const chosen = of.find((each) => each === target.value)
        if (chosen !== undefined) onChange(chosen)
      }}
    >
      {of.map((each) => (
        <option key={each} value={each}>
          {texts[each]}
        </option>
      ))}
    </select>
  )
}

/** Something that is known, under its name. */
export function Fact({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  )
}

/** One thing doctor looked at. `warn` works but should not stay; `fail` does not work. */
export interface Finding {
  readonly name: string
  readonly level: 'ok' | 'warn' | 'fail'
  readonly detail: string
  /** Label and value of what there is to know beside it. */
  readonly more?: Readonly<Record<string, string>>
}

/** Makes a finding. */
export function finding(name: string, level: Finding['level'], detail: string, more?: Finding['more']): Finding {
  return { name, level, detail, ...(more && { more }) }
}

/** One thing doctor looked at. `warn` works but should not stay; `fail` does not work. */
export interface Finding {
  readonly name: string
  readonly level: 'ok' | 'warn' | 'fail'
  readonly detail: string
}

/** Makes a finding. */
export function finding(name: string, level: Finding['level'], detail: string): Finding {
  return { name, level, detail }
}

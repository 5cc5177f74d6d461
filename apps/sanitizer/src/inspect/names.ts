/** Whether unpacking an entry of this name could write outside its folder, or shows another name than it has. */
export function isUnsafeName(name: string): boolean {
  if (name === '' || name.length > 1_024) return true
  // Controls, NUL, and what turns the direction of writing.
  if (/[\p{Cc}\u202a-\u202e\u2066-\u2069\u200e\u200f]/u.test(name)) return true
  const path = name.replaceAll('\\', '/')
  return path.startsWith('/') || /^[A-Za-z]:/.test(path) || path.split('/').includes('..')
}

/** In lower case, without the dot; empty when there is none. Trailing dots and spaces do not count: Windows drops them. */
export function extensionIn(name: string): string {
  const last = name.replaceAll('\\', '/').split('/').at(-1) ?? ''
  return /\.([^.\s]{1,24})$/.exec(last.replace(/[. ]+$/, ''))?.[1]?.toLowerCase() ?? ''
}

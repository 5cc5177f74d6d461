/** Whether one of these texts has what is looked for in it, in whatever case; nothing is in all of them. */
export function hasText(texts: readonly (string | null | undefined)[], wanted: string | undefined): boolean {
  if (wanted === undefined) return true
  const looked = wanted.toLowerCase()
  return texts.some((text) => text?.toLowerCase().includes(looked))
}

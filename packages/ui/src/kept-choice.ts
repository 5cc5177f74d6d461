/** What was chosen before in this browser under a name, in any of our pages; undefined where nothing was or may be kept. */
export function readChoice(name: string): string | undefined {
  try {
    return localStorage.getItem(name) ?? undefined
  } catch {
    return undefined
  }
}

export function keepChoice(name: string, value: string): void {
  try {
    localStorage.setItem(name, value)
  } catch {
    // Forbidden storage: the choice lasts as long as the page.
  }
}

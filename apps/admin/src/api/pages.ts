/** Most pages of one list that are asked for: more rows than that no file of ours has. */
const MOST_PAGES = 200

/** A list as a whole, page by page. */
export async function allPages<T>(
  load: (cursor: string | undefined) => Promise<{ readonly items: readonly T[]; readonly next: string | undefined }>,
): Promise<readonly T[]> {
  const items: T[] = []
  let cursor: string | undefined
  for (let page = 0; page < MOST_PAGES; page++) {
    const { items: more, next } = await load(cursor)
    items.push(...more)
    cursor = next
    if (cursor === undefined) break
  }
  return items
}

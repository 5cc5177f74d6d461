/** A row of a CSV file with the line it starts on, counted from 1. */
export interface CsvRow {
  readonly line: number
  readonly cells: readonly string[]
}

/**
 * Reads CSV as in RFC 4180: quoted cells may hold commas, line breaks and doubled quotes. A byte order mark and empty
 * lines are skipped; a semicolon separates where the first line has semicolons and no comma (what Excel writes in much
 * of Europe).
 *
 * @throws Error when a quote is never closed.
 */
export function parseCsv(text: string): CsvRow[] {
  const input = text.replace(/^\uFEFF/, '')
  const firstLine = input.split('\n', 1)[0] ?? ''
  const separator = firstLine.includes(';') && !firstLine.includes(',') ? ';' : ','
  const rows: CsvRow[] = []
  let cells: string[] = []
  let cell = ''
  let line = 1
  let startedAt = 1
  let quotedSince: number | undefined

  const endRow = () => {
    cells.push(cell)
    if (cells.some((content) => content !== '')) rows.push({ line: startedAt, cells })
    cells = []
    cell = ''
  }
  for (let at = 0; at < input.length; at++) {
    const character = input[at]
    if (character === '\n') line++
    if (quotedSince !== undefined) {
      if (character !== '"') cell += character
      else if (input[at + 1] === '"') cell += input[++at]
      else quotedSince = undefined
    } else if (character === '"' && cell === '') quotedSince = line
    else if (character === separator) {
      cells.push(cell)
      cell = ''
    } else if (character === '\n') {
      endRow()
      startedAt = line
    } else if (character !== '\r') cell += character
  }
  if (quotedSince !== undefined) throw new Error(`the quote on line ${quotedSince} is never closed`)
  endRow()
  return rows
}

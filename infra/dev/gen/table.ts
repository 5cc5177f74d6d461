/** First lines of every derived Markdown file. */
export function heading(title: string, source: string): string {
  return `# ${title}\n\n<!-- Made by \`pnpm gen\` from ${source}. Edit that, not this. -->\n\n`
}

/** A Markdown table. Bars and line breaks in cells are escaped. */
export function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |\n`
  return [line(columns), line(columns.map(() => '---')), ...rows.map(line)].join('')
}

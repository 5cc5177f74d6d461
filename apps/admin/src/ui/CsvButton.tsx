import { csvLine } from '@drawbridge/contract/browser'
import { useTexts } from '../texts/index.ts'

/** Saves a table as a file, as it is shown. */
export function CsvButton({
  name,
  columns,
  rows,
}: {
  readonly name: string
  readonly columns: readonly string[]
  readonly rows: () => readonly (readonly (string | number)[])[]
}) {
  const { t } = useTexts()
  const save = () => {
    // The mark says to spreadsheets that it is UTF-8.
    const lines = [columns, ...rows()].map((row) => csvLine(row.map(String)))
    const url = URL.createObjectURL(new Blob(['\uFEFF', ...lines], { type: 'text/csv;charset=utf-8' }))
    const link = document.createElement('a')
    link.href = url
    link.download = `${name}-${new Date().toISOString().slice(0, 10)}.csv`
    link.click()
    URL.revokeObjectURL(url)
  }
  return (
    <button type="button" className="button small" onClick={save}>
      {t.saveCsv}
    </button>
  )
}

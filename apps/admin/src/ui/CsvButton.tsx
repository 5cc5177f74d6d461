import { useTexts } from '../texts/index.ts'

/** Saves a table as a file, as it is shown. */
export function CsvButton({ name, build }: { readonly name: string; readonly build: () => string }) {
  const { t } = useTexts()
  const save = () => {
    // The mark says to spreadsheets that it is UTF-8.
    const url = URL.createObjectURL(new Blob(['\uFEFF', build()], { type: 'text/csv;charset=utf-8' }))
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

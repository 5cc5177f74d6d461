import { csvLine } from '@drawbridge/contract/browser'
import { useTexts } from '../texts/index.ts'
import { ProblemBox } from './parts.tsx'
import { useAction } from './use-resource.ts'

/** Saves a table as a file, whole, as it is filtered. */
export function CsvButton({
  name,
  columns,
  rows,
}: {
  readonly name: string
  readonly columns: readonly string[]
  /** All of them, also those that are not shown yet. */
  readonly rows: () => Promise<readonly (readonly (string | number)[])[]>
}) {
  const { t } = useTexts()
  const action = useAction()
  const save = async () => {
    // The mark says to spreadsheets that it is UTF-8.
    const lines = [columns, ...(await rows())].map((row) => csvLine(row.map(String)))
    const url = URL.createObjectURL(new Blob(['\uFEFF', ...lines], { type: 'text/csv;charset=utf-8' }))
    const link = document.createElement('a')
    link.href = url
    link.download = `${name}-${new Date().toISOString().slice(0, 10)}.csv`
    link.click()
    URL.revokeObjectURL(url)
  }
  return (
    <>
      <button
        type="button"
        className="button small"
        onClick={() => void action.run(save)}
        aria-disabled={action.isBusy}
      >
        {action.isBusy ? t.loading : t.saveCsv}
      </button>
      <ProblemBox problem={action.problem} />
    </>
  )
}

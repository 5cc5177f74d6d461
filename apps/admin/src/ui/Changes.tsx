import type { AuditChange } from '../model/audit-change.ts'

/** Fields with what they were and what they are. */
export function Changes({ changes }: { readonly changes: readonly AuditChange[] }) {
  return (
    <dl className="facts">
      {changes.map(({ field, before, after }) => (
        <div key={field}>
          <dt>{field}</dt>
          <dd>
            {before !== undefined && (
              <>
                <del dir="auto">{before}</del>
                <span aria-hidden="true"> → </span>
              </>
            )}
            <ins dir="auto">{after}</ins>
          </dd>
        </div>
      ))}
    </dl>
  )
}

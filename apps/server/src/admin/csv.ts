/** How much somebody wants a type (RFC 9110 §12.5.1): of the ranges that hold it, the closest one says. */
function qualityOf(type: string, accept: string): { readonly quality: number; readonly isNamed: boolean } {
  const ranges = new Map(
    accept.split(',').map((range) => {
      const [name = '', ...params] = range.split(';').map((part) => part.trim().toLowerCase())
      const q = params.find((param) => param.startsWith('q='))
      return [name, q === undefined ? 1 : Number(q.slice(2)) || 0] as const
    }),
  )
  const named = ranges.get(type)
  const quality = named ?? ranges.get(`${type.split('/', 1)[0]}/*`) ?? ranges.get('*/*') ?? 0
  return { quality, isNamed: named !== undefined }
}

/** Whether an answer is wanted as a table: it has to be named, and not less wanted than JSON. */
export function wantsCsv(accept = ''): boolean {
  const csv = qualityOf('text/csv', accept)
  return csv.isNamed && csv.quality > 0 && csv.quality >= qualityOf('application/json', accept).quality
}

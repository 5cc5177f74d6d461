import type { OpenMetricsContentType } from 'prom-client'
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'

/** Label names with every value they can take. Closed, so that the number of series is known when it is written. */
export type Labels = Readonly<Record<string, readonly string[]>>
type Values<L extends Labels> = { readonly [K in keyof L]: L[K][number] }

/** Label values first where there are labels; then the amount. */
type Args<L extends Labels> = keyof L extends never ? [amount?: number] : [labels: Values<L>, amount?: number]

// OpenMetrics 1.0, which Prometheus and everything after it reads.
const registry = new Registry<OpenMetricsContentType>()
registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE)

/**
 * A counter that only grows. Call it with its labels (and an amount, default 1). Series start at 0, so that a rate is
 * right from the first event on.
 *
 * @param name - `drawbridge_<noun>_<event>_total`
 */
export function counter<const L extends Labels = {}>(
  name: string,
  help: string,
  labels?: L,
): (...args: Args<L>) => void {
  const labelNames = Object.keys(labels ?? {})
  const keyOf = (values: Record<string, string>) => labelNames.map((label) => values[label]).join()
  const totals = new Map(combinations(labels ?? {}).map((values) => [keyOf(values), { values, total: 0 }]))
  // Summed up here and handed over when somebody asks: counting there takes longer than much of what is counted.
  const collect = () => {
    metric.reset()
    for (const { values, total } of totals.values()) metric.inc(values, total)
  }
  const metric = new Counter({ name, help, labelNames, registers: [registry], collect })
  return (...args) => {
    const [values, amount = 1] = split(args)
    if (!(amount >= 0)) throw new RangeError(`${name} cannot count ${amount}`)
    const key = keyOf(values)
    let series = totals.get(key)
    if (!series) totals.set(key, (series = { values, total: 0 }))
    series.total += amount
  }
}

/** A level that goes up and down; call it with its labels and the new value, in the unit that its name ends with. */
export function gauge<const L extends Labels = {}>(
  name: string,
  help: string,
  labels?: L,
): (...args: keyof L extends never ? [value: number] : [labels: Values<L>, value: number]) => void {
  const metric = new Gauge({ name, help, labelNames: Object.keys(labels ?? {}), registers: [registry] })
  return (...args) => {
    const [values, value] = split(args)
    metric.set(values, value ?? 0)
  }
}

/**
 * A distribution; call it with its labels and one observation, in the unit that its name ends with.
 *
 * @param buckets - upper bounds, ascending
 */
export function histogram<const L extends Labels = {}>(
  name: string,
  help: string,
  buckets: readonly number[],
  labels?: L,
): (...args: keyof L extends never ? [value: number] : [labels: Values<L>, value: number]) => void {
  const metric = new Histogram({
    name,
    help,
    buckets: [...buckets],
    labelNames: Object.keys(labels ?? {}),
    registers: [registry],
  })
  for (const series of combinations(labels ?? {})) metric.zero(series)
  return (...args) => {
    const [values, value] = split(args)
    metric.observe(values, value ?? 0)
  }
}

/** Adds what Node says of itself: CPU, memory, event loop lag, garbage collection. Once per process, in main. */
export function collectProcessMetrics(): void {
  collectDefaultMetrics({ register: registry })
}

/** Everything counted so far, in the text format of OpenMetrics 1.0. */
export function renderMetrics(): Promise<string> {
  return registry.metrics()
}

/** Content type of `renderMetrics`. */
export const METRICS_CONTENT_TYPE = registry.contentType

/** Name, help, type and labels of every declared metric, sorted by name: the source of docs/metrics.md. */
export function describeMetrics(): { name: string; help: string; type: string; labels: string[] }[] {
  return registry
    .getMetricsAsArray()
    .map((metric) => {
      const {
        name: given,
        help,
        labelNames,
      } = metric as unknown as {
        name: string
        help: string
        labelNames?: string[]
      }
      // Rendering takes the suffix from the names of counters: there it belongs to the samples (OpenMetrics 1.0 §5.1).
      const name = metric instanceof Counter ? `${given.replace(/_total$/u, '')}_total` : given
      const type = metric instanceof Counter ? 'counter' : metric instanceof Histogram ? 'histogram' : 'gauge'
      return { name, help, type, labels: [...(labelNames ?? [])] }
    })
    .sort((a, b) => a.name.localeCompare(b.name))
}

function split(args: readonly unknown[]): [Record<string, string>, number | undefined] {
  const [first, second] = args
  if (typeof first === 'object' && first !== null)
    return [first as Record<string, string>, second as number | undefined]
  return [{}, first as number | undefined]
}

function combinations(labels: Labels): Record<string, string>[] {
  return Object.entries(labels).reduce<Record<string, string>[]>(
    (rows, [label, values]) => rows.flatMap((row) => values.map((value) => ({ ...row, [label]: value }))),
    [{}],
  )
}

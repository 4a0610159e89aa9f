/** Plays conformance cases of windows and window joins, and arranges their rows for comparison. */
import { MIN_WATERMARK, NO_TIMESTAMP } from '../../../engine/element.ts'
import { timeName, timeOf } from '../conformance-cases.ts'
import { specOf, type CaseJob, type CaseRow, type CaseStep, type Rec } from './cases.ts'
import { joinContents } from './join-cases.ts'
import { OperatingWindows } from './operating-windows.ts'

export interface WindowCase {
  readonly id: string
  readonly job: CaseJob
  readonly input: readonly CaseStep[]
  readonly end?: boolean
  readonly compare: 'sequence' | 'sequence-per-key' | 'sequence-per-window' | 'multiset'
  readonly expected: Readonly<Record<string, unknown>>
}

export interface Played {
  readonly main: readonly CaseRow[]
  readonly late: readonly CaseRow[]
  readonly lateDropped: number
}

export function playCase(flink: WindowCase): Played {
  if (flink.job.mode === 'batch') return playBatch(flink)
  return playSteps(flink, { restartsAlways: false })
}

/** With a restart behind every step, from where the watermark goes on. */
export function playWithRestarts(flink: WindowCase): Played {
  return playSteps(flink, { restartsAlways: true })
}

function playSteps(
  { job, input, end = true }: WindowCase,
  { restartsAlways }: { readonly restartsAlways: boolean },
): Played {
  const isJoin = job.op === 'windowJoin'
  const spec = isJoin ? specOf(job, joinContents(job.mode)) : specOf(job)
  const last: readonly CaseStep[] = isJoin
    ? [
        { w: 'max', in: 1 },
        { w: 'max', in: 2 },
      ]
    : [{ w: 'max' }]
  const unmarked = isJoin ? [MIN_WATERMARK, MIN_WATERMARK] : [MIN_WATERMARK]
  let watermarks = unmarked
  let operating = new OperatingWindows(spec)
  let [now, lateDropped] = [0, 0]
  const [main, late]: [CaseRow[], CaseRow[]] = [[], []]
  const restart = (): void => {
    lateDropped += operating.operator.lateRecordsDropped
    operating = new OperatingWindows(spec, { saved: operating.save(), now })
  }
  for (const [at, step] of (end ? [...input, ...last] : input).entries()) {
    if ('e' in step) {
      const side = step.in === 2 ? 'right' : 'left'
      const value = isJoin ? { side, value: step.e } : step.e
      operating.process(keyOf(job, step.e), value, step.t ?? NO_TIMESTAMP)
    } else if ('w' in step) {
      watermarks = watermarks.with((step.in ?? 1) - 1, timeOf(step.w))
      operating.watermark(Math.min(...watermarks))
    } else if ('p' in step) {
      operating.clock((now = step.p))
    } else {
      restart()
      lateDropped = 0
      watermarks = unmarked
    }
    // Rows of whole jobs do not tell when they came.
    const where = job.mode === 'streaming' ? {} : { at: Math.min(at, input.length) }
    for (const { value, timestamp } of operating.take()) {
      main.push({ ...(value as CaseRow), ts: timeName(timestamp), ...where })
    }
    for (const { value, timestamp } of operating.take('late')) {
      late.push({ key: (value as Rec).k, e: value, ts: timeName(timestamp), ...where })
    }
    if (!restartsAlways) continue
    restart()
    operating.watermark(Math.min(...watermarks))
  }
  return { main, late, lateDropped: lateDropped + operating.operator.lateRecordsDropped }
}

/** Key by key, within a key by timestamp, and without watermarks until a key is over. */
function playBatch({ job, input }: WindowCase): Played {
  const operating = new OperatingWindows(specOf(job), { runtimeMode: 'batch' })
  const records = input.flatMap((step) => ('e' in step ? [step] : []))
  const sorted = records.toSorted((a, b) => (a.t ?? 0) - (b.t ?? 0))
  for (const key of new Set(records.map(({ e }) => keyOf(job, e)))) {
    for (const { e, t } of sorted) {
      if (keyOf(job, e) === key) operating.process(key, e, t ?? NO_TIMESTAMP)
    }
    operating.endKey()
  }
  const rows = operating.take().map(({ value, timestamp }) => {
    return { ...(value as CaseRow), ts: timeName(timestamp) }
  })
  return { main: rows, late: [], lateDropped: operating.operator.lateRecordsDropped }
}

function keyOf({ keyed = true }: CaseJob, { k }: Rec): string | null {
  return keyed ? k : null
}

/** The rows, with an order only where the case says that they have one. */
export function arranged(rows: readonly CaseRow[], compare: WindowCase['compare']): unknown {
  if (compare === 'sequence') return rows
  const groupOf = (row: CaseRow): string => {
    if (compare === 'multiset') return ''
    return JSON.stringify(
      compare === 'sequence-per-key' ? [row['key']] : [row['key'], row['start']],
    )
  }
  const groups = new Map<string, CaseRow[]>()
  for (const row of rows) groups.set(groupOf(row), [...(groups.get(groupOf(row)) ?? []), row])
  const all = [...groups].toSorted(([a], [b]) => (a < b ? -1 : 1))
  if (compare !== 'multiset') return all
  return all.map(([, group]) => group.toSorted((a, b) => (textOf(a) < textOf(b) ? -1 : 1)))
}

/** Equal for equal rows, whatever the order of their fields. */
function textOf(row: CaseRow): string {
  return JSON.stringify(Object.entries(row).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

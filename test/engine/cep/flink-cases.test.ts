/**
 * The pattern operator against what Apache Flink gives, as recorded in conformance cases, each also with a restart between
 * any two steps, which must change nothing but what was late.
 */
import { describe, expect, test } from 'vitest'
import { NO_TIMESTAMP } from '../../../engine/element.ts'
import { readCases, timeName, timeOf } from '../conformance-cases.ts'
import { specOf, type CaseJob, type CaseRow, type CaseStep, type Rec } from './cases.ts'
import { OperatingCep } from './operating-cep.ts'

const FAMILIES = ['cep-contiguity', 'cep-quantifiers', 'cep-skip', 'cep-time']

type Rows = Readonly<Record<string, readonly CaseRow[]>>

interface Script {
  readonly job: CaseJob
  readonly input: readonly CaseStep[]
  readonly end?: boolean
}

/** Plays a case; `restarts` takes a snapshot behind every step and goes on from it with the watermark that there was. */
function play({ job, input, end = true }: Script, restarts = false): Rows {
  const spec = specOf(job)
  const steps: readonly CaseStep[] = end ? [...input, { w: 'max' }] : input
  let operating = new OperatingCep(spec)
  let [watermark, now] = [Number.NEGATIVE_INFINITY, 0]
  const rows = new Map<string, CaseRow[]>([['main', []]])
  if (job.timeouts === true) rows.set('timeout', [])
  if (job.sideOutputLate === true) rows.set('late', [])
  for (const [at, step] of steps.entries()) {
    if ('e' in step) operating.process(step.e.k, step.e, step.t ?? NO_TIMESTAMP)
    else if ('w' in step) operating.watermark((watermark = timeOf(step.w)))
    else if ('p' in step) operating.clock((now = step.p))
    else operating = new OperatingCep(spec, operating.save(), now)
    for (const [tag, emitted] of operating.context.emitted) {
      const list = rows.get(tag) ?? []
      for (const { value, timestamp } of emitted.splice(0))
        list.push(rowOf(tag, value, timestamp, at))
    }
    if (restarts) {
      operating = new OperatingCep(spec, operating.save(), now)
      operating.watermark(watermark)
    }
  }
  return Object.fromEntries(rows)
}

function rowOf(tag: string, value: unknown, timestamp: number, at: number): CaseRow {
  const row =
    tag === 'late' ? { key: (value as Rec).k, e: value as Rec } : (value as { key: string })
  return { ...row, ts: timestamp === NO_TIMESTAMP ? null : timeName(timestamp), at }
}

/** Each output with its rows by key, in order: keys may interleave in any way. */
function byKey(rows: Rows): unknown {
  return Object.entries(rows).map(([tag, list]) => [
    tag,
    [...new Set(list.map(({ key }) => key))]
      .toSorted((a, b) => (String(a) < String(b) ? -1 : 1))
      .map((key) => list.filter((row) => row.key === key)),
  ])
}

describe.each(FAMILIES)('%s', (family) => {
  const cases = readCases<CaseJob, CaseStep>(family)

  test.each(cases)('$id', ({ job, input, end = true, expected }) => {
    const rows = expected as unknown as Rows
    expect(byKey(play({ job, input, end }))).toEqual(byKey(rows))
    expect(byKey(play({ job, input, end }, true))).toEqual(byKey(rows))
  })
})

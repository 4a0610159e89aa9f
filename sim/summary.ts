/** What a run amounts to, in numbers: folds over its trace and history. */
import { durationsOf } from '../engine/metrics/recovery-durations.ts'
import type { RecoveryDurations } from '../engine/metrics/recovery-durations.ts'
import { RecoveryTimeline } from '../engine/metrics/recovery-timeline.ts'
import type { Recovery } from '../engine/metrics/recovery-timeline.ts'
import { text } from '../engine/serializer.ts'
import type { FactType, TraceEvent, TraceTopology } from '../engine/trace.ts'
import type { ActionReport } from './action-driver.ts'
import type { FaultReport } from './faults/fault-ledger.ts'
import type { History } from './history/history.ts'
import type { Judgement, Verdict } from './oracle/judge.ts'
import type { UnjudgedTopic } from './oracle/output-findings.ts'
import type { Plan } from './plan/plan.ts'

/** The last total of a key, in the first output topic whose lines are `key,number`. */
export interface KeyTotal {
  readonly key: string
  readonly total: number
}

export interface RunSummary {
  /** Records fed into the input topics. */
  readonly records: number
  /** Committed records of all output topics. */
  readonly outputs: number
  /** Committed records of output topics for malformed input (their names end in `malformed`)… */
  readonly malformed: number
  /** …and the first few of them, as written. */
  readonly malformedSample: readonly string[]
  readonly keys: number
  /** Sum of the last totals of all keys. */
  readonly totalBytes: number
  readonly top: readonly KeyTotal[]
  readonly lost: number
  readonly duplicated: number
  /** Keys whose values could not be judged, because the output does not show the order of their fold. */
  readonly uncertainKeys: number
  /** Output topics that were not judged, or not wholly, and why: the result depends on timing, for example. */
  readonly unjudgedTopics: readonly UnjudgedTopic[]
  readonly checkpoints: { readonly completed: number; readonly aborted: number }
  /** From one checkpoint to the next, as the run was set; null without periodic ones. */
  readonly checkpointIntervalMs: number | null
  readonly crashes: number
  readonly restarts: number
  /** The longest finished recovery; null when there was none. */
  readonly recovery: RecoveryDurations | null
  readonly recoveries: readonly Recovery[]
  /** Virtual time of the whole run, in ms. */
  readonly durationMs: number
  readonly dispatchedEvents: number
}

export interface SimulationResult {
  readonly plan: Plan
  readonly topology: TraceTopology
  readonly verdict: Verdict
  readonly traceHash: string
  readonly summary: RunSummary
  readonly faults: readonly FaultReport[]
  readonly actions: readonly ActionReport[]
  /** How often the plan's mutant was reached. */
  readonly mutantHits: number
  readonly history: History
}

export interface SummaryInput {
  readonly plan: Plan
  readonly topology: TraceTopology
  readonly history: History
  readonly judgement: Judgement
  readonly trace: readonly TraceEvent[]
  readonly faults: readonly FaultReport[]
  readonly actions: readonly ActionReport[]
  readonly traceHash: string
  readonly mutantHits: number
  readonly dispatched: number
  readonly checkpointIntervalMs: number | null
}

const TOP = 5
const SAMPLE = 3

export function summarize(input: SummaryInput): SimulationResult {
  const { plan, topology, history, judgement, trace, faults, traceHash, mutantHits, dispatched } =
    input
  const { outcome, violations, findings } = judgement
  const timeline = new RecoveryTimeline()
  for (const event of trace) timeline.observe(event)
  const count = (type: FactType): number => trace.filter((event) => event.type === type).length
  const { malformed, totals } = readOutputs(history)
  return {
    plan,
    topology,
    verdict: { outcome, violations },
    traceHash,
    faults,
    actions: input.actions,
    mutantHits,
    history,
    summary: {
      records: history.fed.reduce((sum, { records }) => sum + records.length, 0),
      outputs: history.outputs.reduce((sum, { committed }) => sum + committed.length, 0),
      malformed: malformed.length,
      malformedSample: malformed.slice(0, SAMPLE),
      keys: totals.length,
      totalBytes: totals.reduce((sum, { total }) => sum + total, 0),
      top: totals.toSorted((a, b) => b.total - a.total || (a.key < b.key ? -1 : 1)).slice(0, TOP),
      lost: findings.lost,
      duplicated: findings.duplicated,
      uncertainKeys: findings.uncertainKeys,
      unjudgedTopics: findings.unjudged,
      checkpoints: {
        completed: count('checkpoint-completed'),
        aborted: count('checkpoint-aborted'),
      },
      checkpointIntervalMs: input.checkpointIntervalMs,
      crashes: count('worker-crashed'),
      restarts: count('restart-started'),
      recovery: longest(timeline.recoveries),
      recoveries: timeline.recoveries,
      durationMs: trace.at(-1)?.at ?? 0,
      dispatchedEvents: dispatched,
    },
  }
}

function longest(recoveries: readonly Recovery[]): RecoveryDurations | null {
  let best: RecoveryDurations | null = null
  for (const recovery of recoveries) {
    const durations = durationsOf(recovery)
    if (durations !== null && (best === null || totalOf(durations) > totalOf(best)))
      best = durations
  }
  return best
}

function totalOf({ detectMs, restartMs, restoreMs, catchUpMs }: RecoveryDurations): number {
  return detectMs + restartMs + restoreMs + catchUpMs
}

/** `key,number`, and nothing else: a line that says the total of a key. */
const TOTAL = /^([^,]+),(-?\d+(?:\.\d+)?)$/

function readOutputs(history: History): { malformed: string[]; totals: KeyTotal[] } {
  const malformed: string[] = []
  const perTopic = new Map<string, Map<string, number>>()
  for (const { topic, committed } of history.outputs) {
    for (const { value } of committed) {
      const line = text.decode(value)
      if (topic.endsWith('malformed')) {
        malformed.push(line)
        continue
      }
      const [, key, total] = TOTAL.exec(line) ?? []
      if (key === undefined) continue
      const totals = perTopic.get(topic) ?? new Map<string, number>()
      perTopic.set(topic, totals.set(key, Number(total)))
    }
  }
  const [first] = perTopic.values()
  return { malformed, totals: [...(first ?? [])].map(([key, total]) => ({ key, total })) }
}

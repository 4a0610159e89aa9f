/**
 * One run of an experiment on recoveries: a job with a state of given size under a steady load, whose worker crashes at
 * a given time. What it measures is read off the trace by the same folds as everywhere.
 */
import { present } from '../../engine/assert.ts'
import { defineJob } from '../../engine/job/define-job.ts'
import type { Job } from '../../engine/job/define-job.ts'
import { phasesOf, timesOf } from '../../engine/metrics/recovery-durations.ts'
import type { RecoveryPhases, RecoveryTimes } from '../../engine/metrics/recovery-durations.ts'
import { RecoveryTimeline } from '../../engine/metrics/recovery-timeline.ts'
import { text } from '../../engine/serializer.ts'
import { discardSink } from '../../engine/sink/sinks.ts'
import { kafkaSource } from '../../engine/source/sources.ts'
import { valueState } from '../../engine/state/descriptors.ts'
import type { EventOf, TraceEvent } from '../../engine/trace.ts'
import type { Fault, Plan } from '../plan/plan.ts'
import { Simulation } from '../simulation.ts'
import { inputLines } from '../workload/workload.ts'
import type { CostModel } from '../world/cost-model.ts'

export interface RecoveryRunOptions {
  readonly intervalMs: number
  readonly stateBytes: number
  /** Input in records/s, over this time. */
  readonly rate: number
  readonly durationMs: number
  readonly seed: number
  /** Null: no failure. */
  readonly crashAtMs: number | null
}

/** What one recovery was like. */
export interface MeasuredRecovery extends RecoveryPhases, RecoveryTimes {
  readonly ageMs: number
}

/** CPU per record and chain: 1000 records/s at most. */
const RECORD_MICROS = 1000
const KEYS = 8

/** 100 KB/s: state of a few hundred kilobytes takes seconds, as one of many gigabytes does. */
const COSTS: Partial<CostModel> = { storageMicros: 20_000, storageMicrosPerKilobyte: 10_000 }

/** The subtask that keeps the state. */
const COUNTING = 'count/0'

const content = valueState<string>('content', text)
const records = valueState<number>('records')

export function runRecovery(options: RecoveryRunOptions): readonly TraceEvent[] {
  const plan = planOf(options)
  const job = jobWithState(options.stateBytes)
  const simulation = new Simulation(job, plan, { lines: inputLines(plan), costs: COSTS })
  while (simulation.advance(100_000));
  return simulation.trace
}

/** The only recovery of a run, or undefined when it was not finished, or restored no checkpoint. */
export function findRecovery(trace: readonly TraceEvent[]): MeasuredRecovery | undefined {
  const timeline = new RecoveryTimeline()
  for (const event of trace) timeline.observe(event)
  const [recovery] = timeline.recoveries
  if (recovery === undefined || recovery.ageMs === null) return undefined
  const phases = phasesOf(recovery)
  const times = timesOf(recovery)
  if (phases === null || times === null) return undefined
  return { ...phases, ...times, ageMs: recovery.ageMs }
}

/** Records per second while a backlog is worked off: from its first tenth to its last twentieth. */
export function measureCapacity(trace: readonly TraceEvent[], total: number): number {
  const progress = trace.filter(
    (event): event is EventOf<'subtask-progressed'> =>
      event.type === 'subtask-progressed' && event.subtask === COUNTING,
  )
  const first = present(
    progress.find(({ records: done }) => done >= total / 10),
    'The backlog was not begun.',
  )
  const last = present(
    progress.findLast(({ records: done }) => done <= total * 0.95),
    'The backlog was not worked off.',
  )
  return ((last.records - first.records) * 1000) / (last.at - first.at)
}

function planOf({ intervalMs, rate, durationMs, seed, crashAtMs }: RecoveryRunOptions): Plan {
  const faults: Fault[] =
    crashAtMs === null
      ? []
      : [{ kind: 'crash', on: 'worker-1', at: { t: crashAtMs }, restartAfterMs: 3_600_000 }]
  const count = Math.round((rate * durationMs) / 1000)
  return {
    v: 1,
    job: { builtin: 'recovery-experiment' },
    config: {
      parallelism: 1,
      workers: 2,
      inputPartitions: 1,
      outputPartitions: 1,
      checkpointIntervalMs: intervalMs,
      heartbeatIntervalMs: 200,
      heartbeatTimeoutMs: 1000,
      restartDelayMs: 500,
      inputDurationMs: durationMs,
      recordMicros: RECORD_MICROS,
    },
    seed,
    input: {
      generator: 'traffic',
      params: { records: count, addresses: KEYS, malformedPerMille: 0 },
    },
    faults,
  }
}

/** Every key holds an equal part of the state from its first record on. */
function jobWithState(stateBytes: number): Job {
  const part = 'x'.repeat(Math.ceil(stateBytes / KEYS))
  return defineJob('Recovery Experiment', {}, (env) => {
    env
      .fromSource(kafkaSource({ topics: ['traffic-events'], groupId: 'experiment', value: text }))
      .keyBy(({ value }) => value.slice(0, value.indexOf(',')))
      .process<never>(
        (_, context) => {
          const seen = context.state(records)
          if (seen.value() === undefined) context.state(content).update(part)
          seen.update((seen.value() ?? 0) + 1)
        },
        { name: 'count', uid: 'count' },
      )
      .sinkTo(discardSink())
  })
}

// Families that are no jobs: they drive modules of the engine directly. Which, this table says.

import { checkpointId, subtaskId, vertexId } from '../../engine/ids.ts'
import {
  NO_FAILURES,
  onCheckpointFailed,
  onCheckpointSucceeded,
} from '../../engine/checkpoint/failure-counter.ts'
import type { CheckpointFailure } from '../../engine/checkpoint/failure.ts'
import { restartSettings } from '../../engine/job/restart-options.ts'
import type { RestartOptions } from '../../engine/job/restart-options.ts'
import { NO_RESTARTS, onFailure } from '../../engine/recovery/restart-strategy.ts'
import { createWatermarkGenerator } from '../../engine/time/watermark-generators.ts'
import { WatermarkValve } from '../../engine/time/watermark-valve.ts'
import { timeName, timeOf } from './cases.ts'
import type { CaseJob, ConformanceCase, JsonObject, Step } from './cases.ts'
import { strategyOf } from './programs/watermarks.ts'
import type { CaseStrategy } from './programs/watermarks.ts'

/** Rows of the main output, with `at`. */
type Rows = readonly JsonObject[]

/** By op: what the engine's own module makes of the steps. */
export const ENGINE_MODULES: Readonly<
  Record<string, { readonly module: string; readonly run: (theCase: ConformanceCase) => Rows }>
> = {
  valve: { module: 'engine/time/watermark-valve.ts', run: runValve },
  watermarkGenerator: { module: 'engine/time/watermark-generators.ts', run: runGenerator },
  restartStrategy: { module: 'engine/recovery/restart-strategy.ts', run: runRestartStrategy },
  checkpointFailures: { module: 'engine/checkpoint/failure-counter.ts', run: runFailureCounter },
}

function runValve({ job, input }: ConformanceCase): Rows {
  const { channels } = job as CaseJob & { readonly channels: number }
  const valve = new WatermarkValve(channels)
  return input.flatMap(({ ch = 0, w, idle }, at) => {
    const outputs =
      idle === undefined ? valve.watermark(ch, timeOf(w ?? 0)) : valve.status(ch, idle)
    return outputs.map((output) =>
      output.type === 'watermark'
        ? { w: timeName(output.timestamp), at }
        : { idle: output.isIdle, at },
    )
  })
}

function runGenerator({ job, input }: ConformanceCase): Rows {
  const { strategy, idleness } = job as CaseJob & {
    readonly strategy: CaseStrategy
    readonly idleness?: number
  }
  const rows: JsonObject[] = []
  let now = 0
  let at = 0
  const options = idleness === undefined ? {} : { idlenessMs: idleness }
  const generator = createWatermarkGenerator(strategyOf<null>(strategy, options), () => now)
  const output = {
    emitWatermark: (watermark: number) => rows.push({ w: timeName(watermark), at }),
    markIdle: () => rows.push({ idle: true, at }),
    markActive: () => rows.push({ idle: false, at }),
  }
  for (const { t, p, emit } of input) {
    if (t !== undefined) generator.onEvent(null, t, output)
    if (p !== undefined) now = p
    if (emit === true) generator.onPeriodicEmit(output)
    at += 1
  }
  return rows
}

type CaseRestartStrategy =
  | { readonly type: 'fixedDelay'; readonly attempts: number; readonly delay: number }
  | {
      readonly type: 'failureRate'
      readonly maxFailures: number
      readonly interval: number
      readonly delay: number
    }
  | {
      readonly type: 'exponentialDelay'
      readonly initial: number
      readonly max: number
      readonly multiplier: number
      readonly resetThreshold: number
      readonly attempts: number
    }

function runRestartStrategy({ job, input }: ConformanceCase): Rows {
  const { strategy } = job as CaseJob & { readonly strategy: CaseRestartStrategy }
  const settings = restartSettings(restartOptions(strategy))
  let state = NO_RESTARTS
  let now = 0
  return input.flatMap(({ p }, at) => {
    if (p !== undefined) {
      now = p
      return []
    }
    const [next, decision] = onFailure(state, settings, { now, random: () => 0 })
    state = next
    const row = { newAttempt: decision.isNewAttempt, canRestart: decision.type === 'restart', at }
    return [decision.type === 'restart' ? { ...row, backoff: decision.delayMs } : row]
  })
}

/** So many attempts are no limit in Flink. */
const NO_LIMIT = 2_147_483_647

function restartOptions(strategy: CaseRestartStrategy): RestartOptions {
  switch (strategy.type) {
    case 'fixedDelay':
      return {
        strategy: 'fixed-delay',
        attempts: strategy.attempts,
        delayMs: strategy.delay,
      }
    case 'failureRate':
      return {
        strategy: 'failure-rate',
        maxFailures: strategy.maxFailures,
        intervalMs: strategy.interval,
        delayMs: strategy.delay,
      }
    case 'exponentialDelay':
      return {
        strategy: 'exponential-delay',
        initialDelayMs: strategy.initial,
        maxDelayMs: strategy.max,
        multiplier: strategy.multiplier,
        resetThresholdMs: strategy.resetThreshold,
        attempts: strategy.attempts === NO_LIMIT ? Infinity : strategy.attempts,
        jitter: 0,
      }
  }
}

function runFailureCounter({ job, input }: ConformanceCase): Rows {
  const { tolerable } = job as CaseJob & { readonly tolerable: number }
  let counter = NO_FAILURES
  return input.flatMap(({ success, fail, reason = '' }: Step, at) => {
    if (success !== undefined) {
      counter = onCheckpointSucceeded(counter, checkpointId(success))
      return []
    }
    const checkpoint = checkpointId(Number(fail))
    const [next, exceeding] = onCheckpointFailed(counter, checkpoint, failureOf(reason), tolerable)
    counter = next
    return exceeding === null ? [] : [{ failJob: true, at }]
  })
}

/** Flink's reasons as ours. */
function failureOf(reason: string): CheckpointFailure {
  const declined = { type: 'declined', subtask: subtaskId(vertexId('v'), 0), reason } as const
  switch (reason) {
    case 'CHECKPOINT_EXPIRED':
      return { type: 'expired', afterMs: 1 }
    case 'IO_EXCEPTION':
    case 'FINALIZE_CHECKPOINT_FAILURE':
      return { type: 'storage-failed', reason }
    case 'CHECKPOINT_DECLINED':
    case 'CHECKPOINT_ASYNC_EXCEPTION':
      return { ...declined, isFailure: true }
    case 'JOB_FAILOVER_REGION':
      return { type: 'failover' }
    case 'CHECKPOINT_COORDINATOR_SHUTDOWN':
    case 'CHECKPOINT_COORDINATOR_SUSPEND':
      return { type: 'job-ended' }
    default:
      return { ...declined, isFailure: false }
  }
}

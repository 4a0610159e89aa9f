/** The JSON documents of a run: what `weir demo --json` and `weir simulate --json` print. */
import type { CheckpointTracker } from '../engine/metrics/checkpoint-statistics.ts'
import { summarizeInitialization } from '../engine/metrics/initialization.ts'
import { phasesOf, timesOf } from '../engine/metrics/recovery-durations.ts'
import type { Recovery, RecoveryDurations, SimulationResult } from '../sim/index.ts'

/** The document of `weir demo`. */
export function runJson({ verdict, traceHash, summary }: SimulationResult): object {
  const { records, malformed, keys, totalBytes, lost, duplicated, checkpoints, restarts } = summary
  return {
    verdict: verdict.outcome,
    traceHash,
    records,
    malformed,
    keys,
    totalBytes,
    lost,
    duplicated,
    checkpoints: { completed: checkpoints.completed, aborted: checkpoints.aborted },
    restarts,
    recovery: summary.recovery === null ? null : roundDurations(summary.recovery),
    top: summary.top.map(({ key, total }) => ({ key, total })),
  }
}

/** The document of `weir simulate`: the former, the fate of every fault, the plan, and what was violated. */
export function simulateJson(result: SimulationResult, checkpoints: CheckpointTracker): object {
  const { violations } = result.verdict
  return {
    ...runJson(result),
    faults: result.faults.map(({ kind, at, on, outcome, phase }) => ({
      kind,
      at,
      on,
      outcome,
      phase,
    })),
    ...(result.actions.length === 0 ? {} : { actions: result.actions }),
    recoveries: result.summary.recoveries.map(recoveryJson),
    checkpointStatistics: checkpointJson(checkpoints),
    plan: result.plan,
    ...(violations.length === 0 ? {} : { violations }),
  }
}

/** Flink's answers to `/jobs/:id/checkpoints` and, for each of the history, to `…/details/:cp` with all its subtasks. */
function checkpointJson(checkpoints: CheckpointTracker): object {
  const { statistics } = checkpoints
  const details = statistics.history.map(({ id }) => {
    const found = checkpoints.findDetails(id)
    const vertices = Object.keys(found?.tasks ?? {})
    const subtasks = vertices.map((vertex) => [vertex, checkpoints.findTask(id, vertex)] as const)
    return { ...found, subtasks: Object.fromEntries(subtasks) }
  })
  return { ...statistics, details }
}

function recoveryJson(recovery: Recovery): object {
  return {
    ...recovery,
    phases: phasesOf(recovery),
    times: timesOf(recovery),
    initialization: summarizeInitialization(recovery.initializations),
  }
}

/** Virtual time has microseconds; sums of them in floating point have more. */
function roundDurations(durations: RecoveryDurations): RecoveryDurations {
  const round = (value: number): number => Math.round(value * 1000) / 1000
  return {
    detectMs: round(durations.detectMs),
    restartMs: round(durations.restartMs),
    restoreMs: round(durations.restoreMs),
    catchUpMs: round(durations.catchUpMs),
  }
}

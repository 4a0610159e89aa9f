/** The JSON documents of a run: what `weir demo --json` and `weir simulate --json` print. */
import type { RecoveryDurations, SimulationResult } from '../sim/index.ts'

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
export function simulateJson(result: SimulationResult): object {
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
    plan: result.plan,
    ...(violations.length === 0 ? {} : { violations }),
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

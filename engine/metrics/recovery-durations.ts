/** What a recovery is made of, in ms: the phases between its moments, the three recovery times, and what models say. */
import type { Recovery } from './recovery-timeline.ts'

/** The coarse parts; they add up exactly. */
export interface RecoveryDurations {
  readonly detectMs: number
  /** Cancel, pause and redeploy. */
  readonly restartMs: number
  readonly restoreMs: number
  /** Replay, and what came meanwhile. */
  readonly catchUpMs: number
}

/** Every phase; they add up exactly as well. A failed restart belongs to `delayMs`, with all it took. */
export interface RecoveryPhases {
  readonly detectMs: number
  readonly cancelMs: number
  readonly delayMs: number
  readonly redeployMs: number
  readonly restoreMs: number
  /** Until every split stands where it stood. */
  readonly replayMs: number
  /** From there until nothing is left. */
  readonly catchUpMs: number
}

/** The three times that publications call recovery time (recovery-model.md 2.1). */
export interface RecoveryTimes {
  /** RT1: until the service is back. */
  readonly rt1Ms: number
  /** RT2: until it stands where it stood. */
  readonly rt2Ms: number
  /** RT3: until the backlog is gone. */
  readonly rt3Ms: number
}

/** The four parts, or null for a recovery that was not finished. */
export function durationsOf(recovery: Recovery): RecoveryDurations | null {
  const { failedAt, detectedAt, restoreStartedAt, runningAt, caughtUpAt } = recovery
  if (
    detectedAt === null ||
    restoreStartedAt === null ||
    runningAt === null ||
    caughtUpAt === null
  ) {
    return null
  }
  return {
    detectMs: detectedAt - failedAt,
    restartMs: restoreStartedAt - detectedAt,
    restoreMs: runningAt - restoreStartedAt,
    catchUpMs: caughtUpAt - runningAt,
  }
}

/** The seven phases, or null for a recovery that was not finished. */
export function phasesOf(recovery: Recovery): RecoveryPhases | null {
  const coarse = durationsOf(recovery)
  const { detectedAt, canceledAt, restartedAt, restoreStartedAt } = recovery
  const { runningAt, regainedAt, caughtUpAt } = recovery
  if (coarse === null || detectedAt === null || canceledAt === null || restartedAt === null) {
    return null
  }
  if (restoreStartedAt === null || runningAt === null || regainedAt === null) return null
  if (caughtUpAt === null) return null
  return {
    detectMs: coarse.detectMs,
    cancelMs: canceledAt - detectedAt,
    delayMs: restartedAt - canceledAt,
    redeployMs: restoreStartedAt - restartedAt,
    restoreMs: coarse.restoreMs,
    replayMs: regainedAt - runningAt,
    catchUpMs: caughtUpAt - regainedAt,
  }
}

export function timesOf(recovery: Recovery): RecoveryTimes | null {
  const { failedAt, runningAt, regainedAt, caughtUpAt } = recovery
  if (runningAt === null || regainedAt === null || caughtUpAt === null) return null
  return {
    rt1Ms: runningAt - failedAt,
    rt2Ms: regainedAt - failedAt,
    rt3Ms: caughtUpAt - failedAt,
  }
}

/** The formula in question: checkpoint interval plus the time to restore the state. */
export function seedFormulaMs(intervalMs: number, restoreMs: number): number {
  return intervalMs + restoreMs
}

/** What the corrected model needs, each measured by itself. */
export interface ModelInput {
  /** D: from the failure until records are processed again. */
  readonly outageMs: number
  /** A: age of the restored checkpoint at the failure. */
  readonly ageMs: number
  /** ρ: input rate over the most that the job can process, 0 to 1. */
  readonly load: number
}

/** D + ρA: what was processed since the checkpoint is processed again, at full speed. */
export function modelRt2Ms({ outageMs, ageMs, load }: ModelInput): number {
  return outageMs + load * ageMs
}

/** (D + ρA) / (1 − ρ): meanwhile more came. Infinity for a load of 1 or more: it never ends. */
export function modelRt3Ms(input: ModelInput): number {
  return input.load >= 1 ? Number.POSITIVE_INFINITY : modelRt2Ms(input) / (1 - input.load)
}

/** The options that a simulated run lays over the job's own: the plan's, then the simulator's defaults. */
import type { Job } from '../engine/job/define-job.ts'
import type { JobOptions } from '../engine/job/job-options.ts'
import { PLAN_DEFAULTS } from './plan/plan.ts'
import type { Plan } from './plan/plan.ts'

/** A simulated job restarts as often as its plan has faults, and then some: giving up is a liveness failure. */
const SPARE_RESTARTS = 10

export function runOptions(job: Job, { config, faults }: Plan): JobOptions {
  const { checkpointing, state } = job.options
  const intervalMs =
    config.checkpointIntervalMs ?? checkpointing?.intervalMs ?? PLAN_DEFAULTS.checkpointIntervalMs
  return {
    ...job.options,
    parallelism: config.parallelism ?? job.options.parallelism ?? PLAN_DEFAULTS.parallelism,
    checkpointing: {
      ...checkpointing,
      intervalMs,
      incremental: config.incremental ?? checkpointing?.incremental ?? PLAN_DEFAULTS.incremental,
    },
    state: {
      ...state,
      backend: config.stateBackend ?? state?.backend ?? PLAN_DEFAULTS.stateBackend,
      localRecovery: config.localRecovery ?? state?.localRecovery ?? PLAN_DEFAULTS.localRecovery,
    },
    heartbeat: {
      intervalMs: config.heartbeatIntervalMs ?? PLAN_DEFAULTS.heartbeatIntervalMs,
      timeoutMs: config.heartbeatTimeoutMs ?? PLAN_DEFAULTS.heartbeatTimeoutMs,
    },
    restart: {
      strategy: 'fixed-delay',
      attempts: faults.length + SPARE_RESTARTS,
      delayMs: config.restartDelayMs ?? PLAN_DEFAULTS.restartDelayMs,
    },
  }
}

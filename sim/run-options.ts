/** The options that a simulated run lays over the job's own: the plan's, then the simulator's defaults. */
import type { Job } from '../engine/job/define-job.ts'
import type { ChangelogOptions, JobOptions } from '../engine/job/job-options.ts'
import { FAULT_DEFAULTS, PLAN_DEFAULTS } from './plan/plan.ts'
import type { Fault, Plan, PlanConfig } from './plan/plan.ts'

/** A simulated job restarts as often as its plan has faults, and then some: giving up is a liveness failure. */
const SPARE_RESTARTS = 10
/** Shorter than Flink's ten minutes: when a barrier was lost the run waits for nothing else. */
const CHECKPOINT_TIMEOUT_MS = 5000

/** `parallelism`: what the job was rescaled to; null: the plan's. */
export function runOptions(
  job: Job,
  { config, faults, actions = [] }: Plan,
  parallelism: number | null = null,
): JobOptions {
  const { checkpointing } = job.options
  const { changelog: own, ...state } = job.options.state ?? {}
  const changelog = changelogOptions(config, own)
  const intervalMs =
    config.checkpointIntervalMs ?? checkpointing?.intervalMs ?? PLAN_DEFAULTS.checkpointIntervalMs
  const mode = config.checkpointMode ?? checkpointing?.mode ?? PLAN_DEFAULTS.checkpointMode
  // A plan that gives up exactly-once gives up what needs it.
  const ownUnaligned = config.checkpointMode !== 'at-least-once' && checkpointing?.unaligned
  return {
    ...job.options,
    parallelism:
      parallelism ?? config.parallelism ?? job.options.parallelism ?? PLAN_DEFAULTS.parallelism,
    checkpointing: {
      timeoutMs: CHECKPOINT_TIMEOUT_MS,
      // Whoever cancels goes on from there.
      ...(actions.some(({ kind }) => kind === 'cancel')
        ? { externalized: 'retain-on-cancellation' as const }
        : {}),
      ...checkpointing,
      intervalMs,
      mode,
      unaligned: config.unaligned ?? ownUnaligned ?? PLAN_DEFAULTS.unaligned,
      alignedTimeoutMs:
        config.alignedTimeoutMs ??
        checkpointing?.alignedTimeoutMs ??
        PLAN_DEFAULTS.alignedTimeoutMs,
      incremental: config.incremental ?? checkpointing?.incremental ?? PLAN_DEFAULTS.incremental,
    },
    state: {
      ...state,
      backend: config.stateBackend ?? state.backend ?? PLAN_DEFAULTS.stateBackend,
      localRecovery: config.localRecovery ?? state.localRecovery ?? PLAN_DEFAULTS.localRecovery,
      ...(changelog === undefined ? {} : { changelog }),
    },
    heartbeat: {
      intervalMs: config.heartbeatIntervalMs ?? PLAN_DEFAULTS.heartbeatIntervalMs,
      timeoutMs: config.heartbeatTimeoutMs ?? PLAN_DEFAULTS.heartbeatTimeoutMs,
    },
    restart: {
      strategy: 'fixed-delay',
      attempts: faults.reduce((sum, fault) => sum + restartsFor(fault), SPARE_RESTARTS),
      delayMs: config.restartDelayMs ?? PLAN_DEFAULTS.restartDelayMs,
    },
  }
}

/** The default topic of changelogs in Kafka. */
const CHANGELOG_TOPIC = 'changelog'

function changelogOptions(
  { changelog, materializeIntervalMs }: PlanConfig,
  own: ChangelogOptions | undefined,
): ChangelogOptions | undefined {
  const common = {
    materializeIntervalMs:
      materializeIntervalMs ?? own?.materializeIntervalMs ?? PLAN_DEFAULTS.materializeIntervalMs,
  }
  switch (changelog) {
    case 'storage':
      return { ...common, log: { type: 'storage' } }
    case 'kafka':
      return { ...common, log: own?.log.type === 'kafka' ? own.log : IN_KAFKA }
    case 'none':
      return undefined
    default:
      return own === undefined ? undefined : { ...common, log: own.log }
  }
}

const IN_KAFKA: ChangelogOptions['log'] = { type: 'kafka', topic: CHANGELOG_TOPIC }

/** Over a severed link every attempt to connect fails, until it heals. */
function restartsFor(fault: Fault): number {
  if (fault.kind === 'sever') return 1 + (fault.forMs ?? FAULT_DEFAULTS.forMs)
  return fault.kind === 'drop' ? (fault.count ?? FAULT_DEFAULTS.count) : 1
}

/** The options of a job and their defaults. Times in ms. */
import { inRange } from '../errors.ts'

export interface CheckpointingOptions {
  /** Time from one trigger to the next. At least 10, as in Flink. */
  readonly intervalMs: number
  /** A checkpoint that takes longer is aborted. Default 600 000. */
  readonly timeoutMs?: number
  /** Least time from the completion of a checkpoint to the next trigger. Default 0. */
  readonly minPauseMs?: number
  /** Consecutive failed checkpoints that do not fail the job. Default 0. */
  readonly tolerableFailures?: number
}

/** What happens after a failure: so many restarts, each after a pause (Flink fixed-delay strategy). */
export interface RestartOptions {
  readonly strategy: 'fixed-delay'
  /** Default 10; Flink's default is 1. */
  readonly attempts?: number
  /** Default 1000. */
  readonly delayMs?: number
}

export interface HeartbeatOptions {
  /** Default 10 000, as in Flink. */
  readonly intervalMs: number
  /** A worker that was silent for so long is lost. Default 50 000, as in Flink. */
  readonly timeoutMs: number
}

export interface JobOptions {
  /** Subtasks of each operator that does not say otherwise. Default 1. */
  readonly parallelism?: number
  /** Number of key groups: the most subtasks a keyed operator can ever have. 1 to 32 768, default 128. */
  readonly maxParallelism?: number
  readonly checkpointing?: CheckpointingOptions
  readonly restart?: RestartOptions
  readonly heartbeat?: HeartbeatOptions
}

/** Every option with its value. */
export interface JobSettings {
  readonly parallelism: number
  readonly maxParallelism: number
  /** Null: no checkpoints; a failure starts from the beginning. */
  readonly checkpointing: Required<CheckpointingOptions> | null
  readonly restart: Required<RestartOptions>
  readonly heartbeat: HeartbeatOptions
}

/** Fills in defaults. Throws ConfigurationError for a value that is not allowed. */
export function jobSettings(options: JobOptions): JobSettings {
  const parallelism = inRange('parallelism', options.parallelism ?? 1, 1, 32_768)
  const maxParallelism = inRange(
    'maxParallelism',
    options.maxParallelism ?? 128,
    parallelism,
    32_768,
  )
  const { checkpointing, restart, heartbeat } = options
  return {
    parallelism,
    maxParallelism,
    checkpointing: checkpointing === undefined ? null : checkpointingSettings(checkpointing),
    restart: {
      strategy: 'fixed-delay',
      attempts: inRange('restart.attempts', restart?.attempts ?? 10, 0, Number.MAX_SAFE_INTEGER),
      delayMs: inRange('restart.delayMs', restart?.delayMs ?? 1000, 0, Number.MAX_SAFE_INTEGER),
    },
    heartbeat: heartbeatSettings(heartbeat ?? { intervalMs: 10_000, timeoutMs: 50_000 }),
  }
}

/** A timeout that is not longer than the interval would lose every worker at every beat. */
function heartbeatSettings({ intervalMs, timeoutMs }: HeartbeatOptions): HeartbeatOptions {
  const most = Number.MAX_SAFE_INTEGER
  return {
    intervalMs: inRange('heartbeat.intervalMs', intervalMs, 1, most - 1),
    timeoutMs: inRange('heartbeat.timeoutMs', timeoutMs, intervalMs + 1, most),
  }
}

function checkpointingSettings(options: CheckpointingOptions): Required<CheckpointingOptions> {
  const most = Number.MAX_SAFE_INTEGER
  return {
    intervalMs: inRange('checkpointing.intervalMs', options.intervalMs, 10, most),
    timeoutMs: inRange('checkpointing.timeoutMs', options.timeoutMs ?? 600_000, 10, most),
    minPauseMs: inRange('checkpointing.minPauseMs', options.minPauseMs ?? 0, 0, most),
    tolerableFailures: inRange(
      'checkpointing.tolerableFailures',
      options.tolerableFailures ?? 0,
      0,
      most,
    ),
  }
}

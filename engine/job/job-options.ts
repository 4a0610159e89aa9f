/** The options of a job and their defaults. Times in ms. */
import { ConfigurationError, inRange } from '../errors.ts'
import type { RuntimeMode } from '../operator/operator.ts'
import { restartSettings } from './restart-options.ts'
import type { RestartOptions, RestartSettings } from './restart-options.ts'

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
  /** `batch` emits final results only and needs bounded sources; `automatic` is batch when all are. Default `streaming`. */
  readonly runtimeMode?: RuntimeMode | 'automatic'
  /** False: every operator is a vertex of its own. Default true. */
  readonly chaining?: boolean
  /** How often watermark generators are asked, in ms; 0 = never, so only generators that emit on a record do. Default 200. */
  readonly autoWatermarkIntervalMs?: number
  readonly checkpointing?: CheckpointingOptions
  /** Default: `fixed-delay`. */
  readonly restart?: RestartOptions
  readonly heartbeat?: HeartbeatOptions
}

/** Every option with its value. */
export interface JobSettings {
  readonly parallelism: number
  readonly maxParallelism: number
  readonly runtimeMode: RuntimeMode | 'automatic'
  readonly chaining: boolean
  readonly autoWatermarkIntervalMs: number
  /** Null: no checkpoints; a failure starts from the beginning. */
  readonly checkpointing: Required<CheckpointingOptions> | null
  readonly restart: RestartSettings
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
    runtimeMode: knownMode(options.runtimeMode ?? 'streaming'),
    chaining: options.chaining ?? true,
    autoWatermarkIntervalMs: inRange(
      'autoWatermarkIntervalMs',
      options.autoWatermarkIntervalMs ?? 200,
      0,
      Number.MAX_SAFE_INTEGER,
    ),
    checkpointing: checkpointing === undefined ? null : checkpointingSettings(checkpointing),
    restart: restartSettings(restart ?? { strategy: 'fixed-delay' }),
    heartbeat: heartbeatSettings(heartbeat ?? { intervalMs: 10_000, timeoutMs: 50_000 }),
  }
}

function knownMode(mode: string): JobSettings['runtimeMode'] {
  if (mode === 'streaming' || mode === 'batch' || mode === 'automatic') return mode
  throw new ConfigurationError(
    'unknown-runtime-mode',
    `The option runtimeMode is "${mode}"; it must be "streaming", "batch" or "automatic".`,
  )
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

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
  /** `at-least-once` never blocks a channel: after a failure records may count twice. Default `exactly-once`. */
  readonly mode?: CheckpointingMode
  /** Checkpoints that may be pending at the same time. Default 1. */
  readonly maxConcurrent?: number
  /** Barriers overtake records, which become part of the snapshot. Needs exactly-once and maxConcurrent 1. Default false. */
  readonly unaligned?: boolean
  /** With `unaligned`: so long barriers wait in line, by their age, before they overtake. Default 0: they never wait. */
  readonly alignedTimeoutMs?: number
  /** The interval while a source catches up with a backlog; 0 = no checkpoints then. Default: the interval. */
  readonly intervalDuringBacklogMs?: number
  /** Completed checkpoints that are kept. Default 1. */
  readonly retained?: number
  /** What is left of the retained ones when the job was canceled; one that failed keeps them. Default `none`. */
  readonly externalized?: ExternalizedRetention
  /** Write only what changed since the former checkpoint; the `heap` backend writes everything anyway. Default false. */
  readonly incremental?: boolean
  /** A newest checkpoint that cannot be read is passed over for the one before it. Default false: the job fails. */
  readonly fallbackToPrevious?: boolean
}

export type CheckpointingMode = 'exactly-once' | 'at-least-once'

/** `none`: nothing, also of a failed job (Flink NO_EXTERNALIZED_CHECKPOINTS and its two others). */
export type ExternalizedRetention = 'none' | 'delete-on-cancellation' | 'retain-on-cancellation'

/** Where keyed state lives while the job runs. `rocksdb` only on Node. */
export type StateBackendName = 'heap' | 'lsm' | 'rocksdb'

export interface StateOptions {
  /** Default `heap`. */
  readonly backend?: StateBackendName
  /** Every change goes to a log, so that a checkpoint has little to write. Default: none. */
  readonly changelog?: ChangelogOptions
  /** A second copy of each snapshot stays with its worker, for a restart in place. Default false. */
  readonly localRecovery?: boolean
}

export interface ChangelogOptions {
  /** In the snapshot storage, or in a Kafka topic, which is compacted. */
  readonly log: { readonly type: 'storage' } | { readonly type: 'kafka'; readonly topic: string }
  /** How often the whole state is stored, so that the log need not be kept. Default 600 000. */
  readonly materializeIntervalMs?: number
}

/** `region`: what a failure touches starts again. `full`: everything does (Flink failover-strategy). */
export type FailoverStrategy = 'region' | 'full'

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
  readonly state?: StateOptions
  /** Default `region`. */
  readonly failover?: FailoverStrategy
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
  readonly checkpointing: CheckpointingSettings | null
  readonly state: StateSettings
  readonly failover: FailoverStrategy
  readonly restart: RestartSettings
  readonly heartbeat: HeartbeatOptions
}

export type CheckpointingSettings = Required<CheckpointingOptions>

export interface StateSettings {
  readonly backend: StateBackendName
  readonly changelog: Required<ChangelogOptions> | null
  readonly localRecovery: boolean
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
    state: stateSettings(options.state ?? {}),
    failover: oneOf('failover', options.failover ?? 'region', ['region', 'full']),
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

export function checkpointingSettings(options: CheckpointingOptions): CheckpointingSettings {
  const most = Number.MAX_SAFE_INTEGER
  const at = (name: string, value: number, least: number): number =>
    inRange(`checkpointing.${name}`, value, least, most)
  const intervalMs = at('intervalMs', options.intervalMs, 10)
  const backlogMs = options.intervalDuringBacklogMs ?? intervalMs
  const settings: CheckpointingSettings = {
    intervalMs,
    timeoutMs: at('timeoutMs', options.timeoutMs ?? 600_000, 10),
    minPauseMs: at('minPauseMs', options.minPauseMs ?? 0, 0),
    tolerableFailures: at('tolerableFailures', options.tolerableFailures ?? 0, 0),
    mode: oneOf('checkpointing.mode', options.mode ?? 'exactly-once', [
      'exactly-once',
      'at-least-once',
    ]),
    maxConcurrent: at('maxConcurrent', options.maxConcurrent ?? 1, 1),
    unaligned: options.unaligned ?? false,
    alignedTimeoutMs: at('alignedTimeoutMs', options.alignedTimeoutMs ?? 0, 0),
    intervalDuringBacklogMs:
      backlogMs === 0 ? 0 : at('intervalDuringBacklogMs', backlogMs, intervalMs),
    retained: at('retained', options.retained ?? 1, 1),
    externalized: oneOf('checkpointing.externalized', options.externalized ?? 'none', [
      'none',
      'delete-on-cancellation',
      'retain-on-cancellation',
    ]),
    incremental: options.incremental ?? false,
    fallbackToPrevious: options.fallbackToPrevious ?? false,
  }
  checkUnaligned(settings)
  return settings
}

/** Source: Flink, which falls back to aligned ones; here the contradiction is told. */
function checkUnaligned({ unaligned, mode, maxConcurrent }: CheckpointingSettings): void {
  if (!unaligned) return
  const [option, needed] =
    mode === 'exactly-once' ? ['maxConcurrent', '1'] : ['mode', '"exactly-once"']
  if (mode === 'exactly-once' && maxConcurrent === 1) return
  throw new ConfigurationError(
    'unaligned-conflict',
    `The option checkpointing.unaligned needs checkpointing.${option} ${needed}; ` +
      'set that, or turn unaligned off.',
  )
}

function stateSettings({ backend, changelog, localRecovery }: StateOptions): StateSettings {
  return {
    backend: oneOf('state.backend', backend ?? 'heap', ['heap', 'lsm', 'rocksdb']),
    changelog: changelog === undefined ? null : changelogSettings(changelog),
    localRecovery: localRecovery ?? false,
  }
}

function changelogSettings({
  log,
  materializeIntervalMs,
}: ChangelogOptions): Required<ChangelogOptions> {
  oneOf('state.changelog.log.type', log.type, ['storage', 'kafka'])
  return {
    log,
    materializeIntervalMs: inRange(
      'state.changelog.materializeIntervalMs',
      materializeIntervalMs ?? 600_000,
      1,
      Number.MAX_SAFE_INTEGER,
    ),
  }
}

/** Programs without types may give anything. */
function oneOf<T extends string>(option: string, value: T, allowed: readonly T[]): T {
  if (allowed.includes(value)) return value
  throw new ConfigurationError(
    'unknown-option-value',
    `The option ${option} is "${String(value)}"; it must be ${allowed.map((one) => `"${one}"`).join(' or ')}.`,
  )
}

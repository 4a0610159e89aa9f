/**
 * A run is a value: the plan. The fuzzer, a lesson, a click in the browser and a URL all produce and consume the same
 * plain JSON. This file is its type and its defaults; reading and checking JSON is in parse-plan.ts.
 */
import type { CheckpointingMode, StateBackendName } from '../../engine/job/job-options.ts'
import type { RequestType } from '../../engine/kafka/protocol.ts'
import type { ClientMessage, ClientReply, Message } from '../../engine/messages.ts'
import type { MutantName } from '../../engine/mutants.ts'
import type { FactType } from '../../engine/trace.ts'

/** A moment: at a virtual time, or right after the nth fact of a kind (counted from 1). */
export type FaultMoment =
  { readonly t: number } | { readonly point: FactType; readonly nth: number }

/** A worker process dies, loses everything it had in memory, and starts again. */
export interface CrashFault {
  readonly kind: 'crash'
  /** The worker, as `worker-1`. */
  readonly on: string
  readonly at: FaultMoment
  /** Default 1000: longer than the heartbeat timeout, so that the silence is what gives it away. */
  readonly restartAfterMs?: number
}

/** A subtask fails, as if a function of its user had thrown; its worker lives on. */
export interface FailFault {
  readonly kind: 'fail'
  /** A subtask, as `sum/0`, or a pattern with `*` for any text: then one of those that run is drawn. */
  readonly on: string
  readonly at: FaultMoment
}

/**
 * The link between two processes loses everything for a while and then heals. Records that are lost break the connection
 * of their channel, as TCP does.
 */
export interface SeverFault {
  readonly kind: 'sever'
  /** One end, a worker or `job-master`; with `isOneWay` the end whose messages are lost. */
  readonly on: string
  /** The other end. */
  readonly to: string
  readonly at: FaultMoment
  /** Default 300. */
  readonly forMs?: number
  /** Default false. */
  readonly isOneWay?: boolean
}

/** Messages of one type are lost on their way, from the first at or after a time on, or from the nth on. */
export interface DropFault {
  readonly kind: 'drop'
  readonly message: SentMessage
  /** The sender, a worker or `job-master`. */
  readonly on: string
  /** Default: whoever it is for. With it, only messages to there are counted. */
  readonly to?: string
  readonly at: RequestMoment
  /** How many in a row. Default 1. */
  readonly count?: number
}

/** The log cleaner cleans a compacted topic, the newest records too (K-R61). */
export interface CompactFault {
  readonly kind: 'compact'
  /** A compacted topic, or a pattern with `*` for any text: then all of those. */
  readonly on: string
  readonly at: FaultMoment
}

/** What processes of the job say to each other. */
export type SentMessage = Exclude<
  Message['type'],
  'channel-broken' | (ClientMessage | ClientReply)['type']
>

/** The first request of the type from the process at or after a time, or its nth (counted from 1). */
export type RequestMoment = { readonly t: number } | { readonly nth: number }

/**
 * What happens to one request between a process and the broker:
 * - `delay`: request and everything behind it on the connection come `delayMs` later;
 * - `duplicate`: the broker gets it twice, the second time `delayMs` after the first; the client takes the last answer
 *   if the copy comes at once (a retry), else the first;
 * - `lose-response`: the broker applies it, the answer never arrives.
 */
export interface RequestFault {
  readonly kind: 'delay' | 'duplicate' | 'lose-response'
  /** The process whose request it is: a worker or `job-master`. */
  readonly on: string
  readonly request: RequestType
  readonly at: RequestMoment
  /** For `delay` and `duplicate`. Default 100 and 0. */
  readonly delayMs?: number
}

export type Fault = CrashFault | FailFault | SeverFault | DropFault | CompactFault | RequestFault
export type FaultKind = Fault['kind']

/**
 * What somebody does with the job while it runs: `savepoint` takes one; `stop` ends the job with a savepoint, after the
 * last watermark if it is drained, and starts it again from there; `rescale` does that with another parallelism; `cancel`
 * cancels the job and starts it again from its newest checkpoint.
 */
export type Action =
  | { readonly kind: 'savepoint' | 'cancel'; readonly at: FaultMoment }
  | { readonly kind: 'stop'; readonly at: FaultMoment; readonly drain?: boolean }
  | { readonly kind: 'rescale'; readonly at: FaultMoment; readonly parallelism: number }

export interface PlanConfig {
  /** Subtasks of each operator. Default 2. */
  readonly parallelism?: number
  /** Default: the job's own, else 1000. */
  readonly checkpointIntervalMs?: number
  /** Worker processes `worker-1`, `worker-2`, … Default 2. */
  readonly workers?: number
  /** Default 100; Flink's is 10 000. */
  readonly heartbeatIntervalMs?: number
  /** Default 500; Flink's is 50 000. */
  readonly heartbeatTimeoutMs?: number
  /** Default 100. */
  readonly restartDelayMs?: number
  /** Partitions of each input topic. Default 2. */
  readonly inputPartitions?: number
  /** Partitions of each output topic. Default 2. */
  readonly outputPartitions?: number
  /** How input records choose a partition. Default `round-robin`: a key may live in several partitions. */
  readonly inputPartitioning?: 'round-robin' | 'by-key'
  /** Virtual time over which the input is fed. Default 8000. */
  readonly inputDurationMs?: number
  /** CPU time of one record in one chain, in microseconds. Default 250: a subtask manages 4 000 records/s. */
  readonly recordMicros?: number
  /** Default: the job's own, else `exactly-once`. */
  readonly checkpointMode?: CheckpointingMode
  /** Barriers overtake records. Default: the job's own, else false. */
  readonly unaligned?: boolean
  /** With `unaligned`: the age from which on they do. Default: the job's own, else 0. */
  readonly alignedTimeoutMs?: number
  /** Where keyed state lives. Default: the job's own, else `heap`. */
  readonly stateBackend?: SimulatedStateBackend
  /** Checkpoints write only what changed, if the backend can. Default: the job's own, else false. */
  readonly incremental?: boolean
  /** Workers keep a copy of what they snapshot. Default: the job's own, else false. */
  readonly localRecovery?: boolean
  /** Where changes of state are logged between whole snapshots. Default: the job's own, else nowhere. */
  readonly changelog?: PlanChangelog
  /** With a changelog: how often the whole state is stored. Default: the job's own, else 2000. */
  readonly materializeIntervalMs?: number
}

/** `storage`: with the snapshots. `kafka`: in compacted topics `changelog-` and the operator's uid. */
export type PlanChangelog = 'none' | 'storage' | 'kafka'

/** The backends that the simulator offers. */
export type SimulatedStateBackend = Exclude<StateBackendName, 'rocksdb'>

export type PlanJob =
  { readonly builtin: string } | { readonly module: string; readonly sha256: string }

export type PlanInput =
  | { readonly generator: string; readonly params: Readonly<Record<string, number>> }
  | { readonly file: string; readonly sha256: string }

export interface Plan {
  readonly v: 1
  readonly job: PlanJob
  readonly config: PlanConfig
  readonly seed: number
  readonly input: PlanInput
  readonly faults: readonly Fault[]
  /** One after the other. Default: none. */
  readonly actions?: readonly Action[]
  readonly mutant?: MutantName
}

export const PLAN_DEFAULTS = {
  parallelism: 2,
  checkpointIntervalMs: 1000,
  workers: 2,
  heartbeatIntervalMs: 100,
  heartbeatTimeoutMs: 500,
  restartDelayMs: 100,
  inputPartitions: 2,
  outputPartitions: 2,
  inputPartitioning: 'round-robin',
  inputDurationMs: 8000,
  recordMicros: 250,
  checkpointMode: 'exactly-once',
  unaligned: false,
  alignedTimeoutMs: 0,
  stateBackend: 'heap',
  incremental: false,
  localRecovery: false,
  changelog: 'none',
  materializeIntervalMs: 2000,
} as const satisfies Required<PlanConfig>

export const FAULT_DEFAULTS = {
  restartAfterMs: 1000,
  delayMs: 100,
  duplicateAfterMs: 0,
  forMs: 300,
  count: 1,
} as const

/** Names of the workers of a plan. */
export function workersOf(config: PlanConfig): string[] {
  const count = config.workers ?? PLAN_DEFAULTS.workers
  return Array.from({ length: count }, (_, index) => `worker-${index + 1}`)
}

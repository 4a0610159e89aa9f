/**
 * The contract of a running operator. Operators see records and state, never channels or barriers. Life cycle
 * (Flink task_lifecycle.md): open → process… → snapshot/notify… → finish → close; after a failure straight to close.
 * Called synchronously, one call at a time.
 */
import type { OperatorStateEntry } from '../checkpoint/snapshot-handle.ts'
import type { Origins } from '../element.ts'
import type { AttemptId, CheckpointId, SubtaskId } from '../ids.ts'
import type { Mutants } from '../mutants.ts'
import type { BrokerPort, FilePort, Runtime, ServicePort, Timer } from '../runtime.ts'
import type { KeyedStateBackend } from '../state/keyed-state-backend.ts'

/** How the job runs: over an unbounded input, or over a bounded one with final results only. */
export type RuntimeMode = 'streaming' | 'batch'

/** Takes the records that an operator emits on one of its outputs. */
export interface Collector {
  emit(value: unknown, timestamp: number): void
}

/** The origins of the record that is being processed; null when provenance is off. One per subtask. */
export interface ProvenanceTracker {
  readonly isOn: boolean
  current: Origins | null
}

/** What timers call. Before each call the backend's current key is the timer's. `start` and `end` are its window's. */
export interface TimerTarget {
  onEventTime(time: number, start: number, end: number): void
  onProcessingTime(time: number, start: number, end: number): void
}

/**
 * The timers of the current key, part of keyed state. A timer is identified by (key, domain, time, start, end): a second
 * registration of the same is none. Source: Flink InternalTimerService.
 */
export interface TimerService {
  readonly currentWatermark: number
  /** Whole ms. */
  processingTime(): number
  /** Fires when the watermark reaches `time`; one that is due already fires with the next watermark that advances. */
  registerEventTime(time: number, start?: number, end?: number): void
  deleteEventTime(time: number, start?: number, end?: number): void
  registerProcessingTime(time: number, start?: number, end?: number): void
  deleteProcessingTime(time: number, start?: number, end?: number): void
}

/** What an operator may use of its surroundings. */
export interface OperatorContext {
  readonly uid: string
  readonly name: string
  readonly jobName: string
  readonly subtask: SubtaskId
  readonly subtaskIndex: number
  readonly parallelism: number
  readonly attempt: AttemptId
  readonly runtime: Runtime
  readonly broker: BrokerPort
  readonly services: ServicePort
  readonly files: FilePort
  readonly runtimeMode: RuntimeMode
  /** How often watermark generators are asked, in ms; 0 = never. */
  readonly autoWatermarkIntervalMs: number
  readonly mutants: Mutants
  readonly provenance: ProvenanceTracker
  /** Null outside a keyed context. */
  readonly keyedState: KeyedStateBackend | null
  /** The main output for null, else the side output of that name. */
  output(tag: string | null): Collector
  /** Of this operator; MIN_WATERMARK before any arrived. */
  readonly currentWatermark: number
  /** The clock in whole ms. */
  processingTime(): number
  /** Sends a watermark to everything behind this operator, side outputs included. */
  emitWatermark(watermark: number): void
  emitStatus(isIdle: boolean): void
  /** Only for operators with keyed state, and only once, when they are made. */
  timers(target: TimerTarget): TimerService
  /** Calls back in a turn of its own; what it throws fails the subtask; never after the attempt ended. */
  schedule(delayMs: number, label: string, callback: () => void): Timer
  cancel(timer: Timer): void
  /** Tells the subtask that this operator can go on, after it was unavailable or had no input. */
  wake(): void
  /** Fails the subtask with one sentence. */
  fail(reason: string): void
}

/** One checkpoint as an operator sees it. */
export interface SnapshotContext {
  readonly checkpoint: CheckpointId
  /** The snapshot waits until the returned function has been called; used for work that needs the broker. */
  readonly hold: () => () => void
}

/** Yields the operator state once every hold is released; evaluated then, not before. */
export type OperatorSnapshot = () => readonly OperatorStateEntry[]

export interface Operator {
  readonly uid: string
  /** False: no further record may be given to it until it wakes the subtask. Absent: always available. */
  readonly isAvailable?: boolean
  /** `restored` is empty and `restoredFrom` null on a fresh start. */
  open?(restored: readonly OperatorStateEntry[], restoredFrom: CheckpointId | null): void
  process(value: unknown, timestamp: number): void
  /** A record of the second input of an operator that connects two streams. */
  processSecond?(value: unknown, timestamp: number): void
  /** Absent: due event-time timers fire, then the watermark goes on. Present: both is the operator's to do. */
  processWatermark?(watermark: number): void
  /** Absent: the status goes on. */
  processStatus?(isIdle: boolean): void
  /** The synchronous part of the snapshot. */
  snapshot?(context: SnapshotContext): OperatorSnapshot
  notifyComplete?(checkpoint: CheckpointId): void
  notifyAborted?(checkpoint: CheckpointId): void
  /** The input ended. */
  finish?(): void
  /** False: it still holds something back after `finish`; wakes the subtask when that changed. Absent: true. */
  readonly isDrained?: boolean
  /** True: what it wrote still waits for a checkpoint's completion or for the commit; wakes the subtask when that changed. */
  readonly hasUncommitted?: boolean
  /** Records that came too late for all their windows or patterns and went nowhere, since the start of the attempt. */
  readonly lateRecordsDropped?: number
  close?(): void
}

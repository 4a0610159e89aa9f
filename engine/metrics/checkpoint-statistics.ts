/**
 * Checkpoints as a fold over the trace, in the shapes of Flink's REST interface: `/jobs/:id/checkpoints`, `…/details/:cp`
 * and `…/details/:cp/subtasks/:vertex` (CheckpointingStatistics, TaskCheckpointStatisticsWithSubtaskDetails). Names with
 * underscores are Flink's. Times in ms of the world's clock, sizes in bytes; `-1` where Flink says so.
 * Knows only facts; keeps the newest checkpoints (Flink web.checkpoints.history: 10), and counts all.
 */
import type { SnapshotMetrics } from '../checkpoint/snapshot-handle.ts'
import type { Alignment, CheckpointKind } from '../element.ts'
import type { CheckpointId, SubtaskId } from '../ids.ts'
import type { EventOf, TraceEvent } from '../trace.ts'
import { distributionOf } from './distribution.ts'
import type { Distribution } from './distribution.ts'

/** Flink CheckpointStatsStatus. */
export type CheckpointStatus = 'IN_PROGRESS' | 'COMPLETED' | 'FAILED'

/** Flink RestAPICheckpointType. */
export type CheckpointType = 'CHECKPOINT' | 'UNALIGNED_CHECKPOINT' | 'SAVEPOINT' | 'SYNC_SAVEPOINT'

/** What the checkpoint, or the part of one vertex, amounts to. */
interface Totals {
  readonly latest_ack_timestamp: number
  /** Bytes written for this checkpoint. */
  readonly checkpointed_size: number
  /** Bytes that a restore reads. */
  readonly state_size: number
  readonly end_to_end_duration: number
  /** Always 0 in Flink too. */
  readonly alignment_buffered: number
  readonly processed_data: number
  readonly persisted_data: number
  readonly num_subtasks: number
  readonly num_acknowledged_subtasks: number
}

export interface CheckpointStatistics extends Totals {
  readonly className: 'in_progress' | 'completed' | 'failed'
  readonly id: CheckpointId
  readonly status: CheckpointStatus
  readonly is_savepoint: boolean
  readonly checkpoint_type: CheckpointType
  readonly trigger_timestamp: number
  /** By vertex; in the details only. */
  readonly tasks: Readonly<Record<string, TaskStatistics>>
  /** Of completed ones: where it lies, and whether it has been deleted. */
  readonly external_path?: string
  readonly discarded?: boolean
  /** Of failed ones. */
  readonly failure_timestamp?: number
  readonly failure_message?: string
}

export interface TaskStatistics extends Totals {
  readonly id: string
  readonly status: CheckpointStatus
}

export interface SubtaskStatistics {
  readonly index: number
  readonly status: 'completed'
  readonly ack_timestamp: number
  readonly end_to_end_duration: number
  readonly checkpointed_size: number
  readonly state_size: number
  readonly checkpoint: { readonly sync: number; readonly async: number }
  readonly alignment: {
    readonly buffered: number
    readonly processed: number
    readonly persisted: number
    readonly duration: number
  }
  readonly start_delay: number
  readonly unaligned_checkpoint: boolean
  readonly aborted: boolean
}

export interface TaskDetails extends TaskStatistics {
  readonly summary: {
    readonly checkpointed_size: Distribution
    readonly state_size: Distribution
    readonly end_to_end_duration: Distribution
    readonly checkpoint_duration: { readonly sync: Distribution; readonly async: Distribution }
    readonly alignment: {
      readonly buffered: Distribution
      readonly processed: Distribution
      readonly persisted: Distribution
      readonly duration: Distribution
    }
    readonly start_delay: Distribution
  }
  readonly subtasks: readonly (SubtaskStatistics | PendingSubtask)[]
}

/** One that has not acknowledged. */
export interface PendingSubtask {
  readonly index: number
  readonly status: 'pending_or_failed'
}

export interface RestoredCheckpoint {
  readonly id: CheckpointId
  readonly restore_timestamp: number
  readonly is_savepoint: boolean
  readonly external_path: string | null
}

/** The answer of `/jobs/:id/checkpoints`. */
export interface CheckpointingStatistics {
  readonly counts: {
    readonly restored: number
    readonly total: number
    readonly in_progress: number
    readonly completed: number
    readonly failed: number
  }
  /** Over the completed checkpoints of the history. */
  readonly summary: {
    readonly checkpointed_size: Distribution
    readonly state_size: Distribution
    readonly end_to_end_duration: Distribution
    readonly alignment_buffered: Distribution
    readonly processed_data: Distribution
    readonly persisted_data: Distribution
  }
  readonly latest: {
    readonly completed: CheckpointStatistics | null
    readonly savepoint: CheckpointStatistics | null
    readonly failed: CheckpointStatistics | null
    readonly restored: RestoredCheckpoint | null
  }
  /** The newest first. */
  readonly history: readonly CheckpointStatistics[]
}

/** Checkpoints that are kept with their details. */
export const HISTORY_MAX = 10

interface Acknowledgement {
  readonly at: number
  readonly sizeBytes: number
  readonly writtenBytes: number
  readonly metrics: SnapshotMetrics
}

interface Entry {
  readonly id: CheckpointId
  readonly kind: CheckpointKind
  readonly alignment: Alignment
  readonly triggeredAt: number
  /** The subtasks that were there, in the order of their first appearance. */
  readonly expected: readonly SubtaskId[]
  readonly acknowledged: Map<SubtaskId, Acknowledgement>
  status: CheckpointStatus
  endedAt: number | null
  location: string | null
  failure: string
  isDiscarded: boolean
}

export class CheckpointTracker {
  readonly #historyMax: number
  readonly #entries: Entry[] = []
  readonly #subtasks = new Set<SubtaskId>()
  readonly #paths = new Map<
    CheckpointId,
    { readonly kind: CheckpointKind; readonly path: string }
  >()
  readonly #latest = new Map<'completed' | 'savepoint' | 'failed', Entry>()
  readonly #counts = { restored: 0, total: 0, in_progress: 0, completed: 0, failed: 0 }
  #restored: RestoredCheckpoint | null = null

  constructor(historyMax = HISTORY_MAX) {
    this.#historyMax = historyMax
  }

  observe(event: TraceEvent): void {
    switch (event.type) {
      case 'subtask-status-changed':
        this.#subtasks.add(event.subtask)
        return
      case 'restart-started':
        this.#onRestart(event)
        return
      case 'checkpoint-triggered':
        this.#onTriggered(event)
        return
      case 'checkpoint-acknowledged':
        this.#onAcknowledged(event)
        return
      case 'checkpoint-completed':
        this.#onCompleted(event)
        return
      case 'checkpoint-aborted':
        this.#onAborted(event)
        return
      case 'checkpoint-subsumed': {
        const entry = this.#find(event.checkpoint)
        if (entry !== undefined) entry.isDiscarded = true
        return
      }
      default:
    }
  }

  get statistics(): CheckpointingStatistics {
    const completed = this.#entries.filter(({ status }) => status === 'COMPLETED').map(totalsOf)
    const over = (pick: (totals: Totals) => number): Distribution =>
      distributionOf(completed.map(pick))
    const latest = (name: 'completed' | 'savepoint' | 'failed'): CheckpointStatistics | null => {
      const entry = this.#latest.get(name)
      return entry === undefined ? null : statisticsOf(entry, {})
    }
    return {
      counts: { ...this.#counts },
      summary: {
        checkpointed_size: over((totals) => totals.checkpointed_size),
        state_size: over((totals) => totals.state_size),
        end_to_end_duration: over((totals) => totals.end_to_end_duration),
        alignment_buffered: over((totals) => totals.alignment_buffered),
        processed_data: over((totals) => totals.processed_data),
        persisted_data: over((totals) => totals.persisted_data),
      },
      latest: {
        completed: latest('completed'),
        savepoint: latest('savepoint'),
        failed: latest('failed'),
        restored: this.#restored,
      },
      history: this.#entries.toReversed().map((entry) => statisticsOf(entry, {})),
    }
  }

  /** The answer of `…/details/:cp`; undefined when it is not in the history. */
  findDetails(checkpoint: CheckpointId): CheckpointStatistics | undefined {
    const entry = this.#find(checkpoint)
    if (entry === undefined) return undefined
    const vertices = [...new Set(entry.expected.map(vertexOf))]
    const tasks = vertices.map((vertex) => [vertex, taskOf(entry, vertex)] as const)
    return statisticsOf(entry, Object.fromEntries(tasks))
  }

  /** The answer of `…/details/:cp/subtasks/:vertex`; undefined when either is unknown. */
  findTask(checkpoint: CheckpointId, vertex: string): TaskDetails | undefined {
    const entry = this.#find(checkpoint)
    if (entry?.expected.some((subtask) => vertexOf(subtask) === vertex) !== true) return undefined
    const subtasks = subtasksOf(entry, vertex)
    const done = subtasks.filter((one): one is SubtaskStatistics => one.status === 'completed')
    const over = (pick: (one: SubtaskStatistics) => number): Distribution =>
      distributionOf(done.map(pick))
    return {
      ...taskOf(entry, vertex),
      summary: {
        checkpointed_size: over((one) => one.checkpointed_size),
        state_size: over((one) => one.state_size),
        end_to_end_duration: over((one) => one.end_to_end_duration),
        checkpoint_duration: {
          sync: over(({ checkpoint: { sync } }) => sync),
          async: over((one) => one.checkpoint.async),
        },
        alignment: {
          buffered: over(({ alignment }) => alignment.buffered),
          processed: over(({ alignment }) => alignment.processed),
          persisted: over(({ alignment }) => alignment.persisted),
          duration: over(({ alignment }) => alignment.duration),
        },
        start_delay: over((one) => one.start_delay),
      },
      subtasks,
    }
  }

  #find(checkpoint: CheckpointId): Entry | undefined {
    return this.#entries.find(({ id }) => id === checkpoint)
  }

  #onRestart({ at, checkpoint }: EventOf<'restart-started'>): void {
    if (checkpoint === null) return
    const known = this.#paths.get(checkpoint)
    this.#counts.restored += 1
    this.#restored = {
      id: checkpoint,
      restore_timestamp: at,
      is_savepoint: known !== undefined && isSavepoint(known.kind),
      external_path: known?.path ?? null,
    }
  }

  #onTriggered({ at, checkpoint, kind, alignment }: EventOf<'checkpoint-triggered'>): void {
    this.#entries.push({
      id: checkpoint,
      kind,
      alignment,
      triggeredAt: at,
      expected: [...this.#subtasks],
      acknowledged: new Map(),
      status: 'IN_PROGRESS',
      endedAt: null,
      location: null,
      failure: '',
      isDiscarded: false,
    })
    this.#counts.total += 1
    this.#counts.in_progress += 1
    if (this.#entries.length > this.#historyMax) this.#entries.shift()
  }

  #onAcknowledged(event: EventOf<'checkpoint-acknowledged'>): void {
    const { at, checkpoint, subtask, sizeBytes, writtenBytes, metrics } = event
    const entry = this.#find(checkpoint)
    if (entry?.status !== 'IN_PROGRESS' || entry.acknowledged.has(subtask)) return
    entry.acknowledged.set(subtask, { at, sizeBytes, writtenBytes, metrics })
  }

  #onCompleted({ at, checkpoint, kind, location }: EventOf<'checkpoint-completed'>): void {
    this.#counts.completed += 1
    this.#counts.in_progress -= 1
    this.#paths.set(checkpoint, { kind, path: location })
    const entry = this.#find(checkpoint)
    if (entry === undefined) return
    entry.status = 'COMPLETED'
    entry.endedAt = at
    entry.location = location
    this.#latest.set(isSavepoint(kind) ? 'savepoint' : 'completed', entry)
  }

  #onAborted({ at, checkpoint, reason }: EventOf<'checkpoint-aborted'>): void {
    this.#counts.failed += 1
    this.#counts.in_progress -= 1
    const entry = this.#find(checkpoint)
    if (entry === undefined) return
    entry.status = 'FAILED'
    entry.endedAt = at
    entry.failure = reason
    this.#latest.set('failed', entry)
  }
}

function statisticsOf(entry: Entry, tasks: CheckpointStatistics['tasks']): CheckpointStatistics {
  const { id, status, kind, alignment, triggeredAt, location, endedAt, failure } = entry
  const common = {
    id,
    status,
    is_savepoint: isSavepoint(kind),
    checkpoint_type: typeOf(kind, alignment),
    trigger_timestamp: triggeredAt,
    tasks,
    ...totalsOf(entry),
  }
  switch (status) {
    case 'IN_PROGRESS':
      return { className: 'in_progress', ...common }
    case 'COMPLETED':
      return {
        className: 'completed',
        ...common,
        external_path: location ?? '',
        discarded: entry.isDiscarded,
      }
    case 'FAILED':
      return {
        className: 'failed',
        ...common,
        failure_timestamp: endedAt ?? triggeredAt,
        failure_message: failure,
      }
  }
}

function totalsOf(entry: Entry): Totals {
  return sum(entry, [...entry.acknowledged.values()], entry.expected.length)
}

function taskOf(entry: Entry, vertex: string): TaskStatistics {
  const subtasks = entry.expected.filter((subtask) => vertexOf(subtask) === vertex)
  const found = subtasks.flatMap((subtask) => entry.acknowledged.get(subtask) ?? [])
  const isDone = found.length === subtasks.length
  const status = entry.status === 'IN_PROGRESS' && isDone ? 'COMPLETED' : entry.status
  return { id: vertex, status, ...sum(entry, found, subtasks.length) }
}

function sum(entry: Entry, found: readonly Acknowledgement[], expected: number): Totals {
  const add = (pick: (one: Acknowledgement) => number): number =>
    found.reduce((total, one) => total + pick(one), 0)
  const latest = found.reduce((newest, { at }) => Math.max(newest, at), -1)
  return {
    latest_ack_timestamp: latest,
    checkpointed_size: add(({ writtenBytes }) => writtenBytes),
    state_size: add(({ sizeBytes }) => sizeBytes),
    end_to_end_duration: latest < 0 ? -1 : latest - entry.triggeredAt,
    alignment_buffered: 0,
    processed_data: add(({ metrics }) => metrics.processedBytes),
    persisted_data: add(({ metrics }) => metrics.persistedBytes),
    num_subtasks: expected,
    num_acknowledged_subtasks: found.length,
  }
}

function subtasksOf(entry: Entry, vertex: string): (SubtaskStatistics | PendingSubtask)[] {
  return entry.expected
    .filter((subtask) => vertexOf(subtask) === vertex)
    .map((subtask) => {
      const index = Number(subtask.slice(subtask.lastIndexOf('/') + 1))
      const found = entry.acknowledged.get(subtask)
      if (found === undefined) return { index, status: 'pending_or_failed' }
      const { at, sizeBytes, writtenBytes, metrics } = found
      return {
        index,
        status: 'completed',
        ack_timestamp: at,
        end_to_end_duration: at - entry.triggeredAt,
        checkpointed_size: writtenBytes,
        state_size: sizeBytes,
        checkpoint: { sync: metrics.syncMs, async: metrics.asyncMs },
        alignment: {
          buffered: 0,
          processed: metrics.processedBytes,
          persisted: metrics.persistedBytes,
          duration: metrics.alignmentMs,
        },
        start_delay: metrics.startDelayMs,
        unaligned_checkpoint: metrics.isUnaligned,
        aborted: entry.status === 'FAILED',
      }
    })
}

function vertexOf(subtask: SubtaskId): string {
  return subtask.slice(0, subtask.lastIndexOf('/'))
}

function isSavepoint(kind: CheckpointKind): boolean {
  return kind === 'savepoint' || kind === 'stop' || kind === 'drain'
}

function typeOf(kind: CheckpointKind, alignment: Alignment): CheckpointType {
  if (kind === 'savepoint') return 'SAVEPOINT'
  if (isSavepoint(kind)) return 'SYNC_SAVEPOINT'
  return alignment === 'unaligned' ? 'UNALIGNED_CHECKPOINT' : 'CHECKPOINT'
}

/**
 * Invariants of the protocols, as folds over the trace: checkpoints (S4, B1, B3), sources (O1, O3), transactions (X1, X2,
 * X3) and restarts (L2). They name the event that broke the rule.
 */
import type { SubtaskId } from '../../engine/ids.ts'
import type { EventOf, TraceEvent } from '../../engine/trace.ts'
import type { CheckpointRecord, History } from '../history/history.ts'
import type { Violations } from './violation.ts'

/** Restarts beyond the faults of a plan that do not count as a loop. */
const SPARE_RESTARTS = 3

export class ProtocolCheck {
  readonly #violations: Violations
  /** Of the job as it was submitted first, and again. */
  readonly #subtasks: readonly number[]
  readonly #faults: number
  readonly #checkpoints: ReadonlyMap<number, CheckpointRecord>
  /** By the seq of their completion: another job may use their ids again. */
  readonly #savepoints: ReadonlyMap<number, CheckpointRecord>
  readonly #attempts = new Map<string, number>()
  readonly #acknowledged = new Map<number, Set<string>>()
  readonly #barriers = new Map<string, number>()
  /** Checkpoints of which a barrier overtook something. */
  readonly #overtaking = new Set<number>()
  readonly #groupOffsets = new Map<string, number>()
  readonly #prepared = new Map<
    string,
    { readonly checkpoint: number; readonly subtask: SubtaskId }
  >()
  /** Prepared changes of state that a restored savepoint, which has the whole state, can do without. */
  readonly #dispensable = new Set<string>()
  readonly #committed = new Set<string>()
  readonly #epochs = new Map<number, number>()
  /** By source and partition. */
  readonly #offsets = new Map<string, number>()
  /** By partition, of the source that has read most of it. */
  readonly #covered = new Map<string, number>()
  #latestCompleted = 0
  #isLatestWhole = false
  #submitted = 0
  #restarts = 0

  constructor(
    subtasks: readonly number[],
    faults: number,
    { checkpoints, savepoints }: Pick<History, 'checkpoints' | 'savepoints'>,
    violations: Violations,
  ) {
    this.#subtasks = subtasks
    this.#faults = faults
    this.#checkpoints = new Map(checkpoints.map((record) => [record.checkpoint, record]))
    this.#savepoints = new Map(savepoints.map((record) => [record.seq, record]))
    this.#violations = violations
  }

  run(trace: readonly TraceEvent[]): void {
    for (const event of trace) this.#observe(event)
  }

  #observe(event: TraceEvent): void {
    switch (event.type) {
      case 'subtask-status-changed':
        if (event.status === 'deploying') this.#attempts.set(event.subtask, event.attempt)
        return
      case 'checkpoint-acknowledged':
        this.#onAcknowledged(event)
        return
      case 'checkpoint-completed':
        this.#onCompleted(event)
        return
      case 'restart-started':
        this.#onRestart(event)
        return
      case 'barrier-sent':
        if (event.alignment === 'unaligned') this.#overtaking.add(event.checkpoint)
        return
      case 'alignment-timed-out':
        this.#overtaking.add(event.checkpoint)
        return
      case 'job-submitted':
        this.#onSubmitted(event)
        return
      case 'barrier-received':
        this.#onBarrier(event)
        return
      case 'split-restored':
        this.#onSplitRestored(event)
        return
      case 'group-offset-committed':
        this.#onGroupOffset(event)
        return
      default:
        this.#observeTransaction(event)
    }
  }

  #observeTransaction(event: TraceEvent): void {
    switch (event.type) {
      case 'transaction-prepared':
        this.#prepared.set(transactionName(event), event)
        return
      case 'transaction-state-changed':
        if (event.state === 'PrepareCommit') this.#onCommitDecided(event)
        if (event.state === 'PrepareAbort') this.#onAbortDecided(event)
        return
      case 'transaction-fenced':
        this.#epochs.set(event.producerId, event.producerEpoch)
        return
      case 'batch-appended':
        this.#onAppended(event)
        return
      default:
    }
  }

  #onAcknowledged({ checkpoint, subtask, attempt }: EventOf<'checkpoint-acknowledged'>): void {
    // Only the current attempt's acknowledgement may count toward completion.
    if (this.#attempts.get(subtask) !== attempt) return
    const subtasks = this.#acknowledged.get(checkpoint) ?? new Set()
    subtasks.add(subtask)
    this.#acknowledged.set(checkpoint, subtasks)
  }

  #onCompleted({ checkpoint, kind, seq }: EventOf<'checkpoint-completed'>): void {
    const acknowledged = this.#acknowledged.get(checkpoint)?.size ?? 0
    const subtasks = this.#subtasks[this.#submitted] ?? 0
    if (acknowledged < subtasks) {
      this.#violations.add(
        'B3',
        `Checkpoint ${checkpoint} completed with ${acknowledged} of ${subtasks} acknowledgements of current attempts.`,
        seq,
      )
    }
    const record =
      kind === 'savepoint' ? this.#savepoints.get(seq) : this.#checkpoints.get(checkpoint)
    for (const problem of record?.problems ?? []) {
      this.#violations.add('S5', `Checkpoint ${checkpoint} cannot be read: ${problem}.`, seq)
    }
    // It stands by itself: no restart begins with it, and nothing is committed by it.
    if (kind === 'savepoint') return
    if (checkpoint <= this.#latestCompleted) {
      this.#violations.add(
        'S4',
        `Checkpoint ${checkpoint} completed after ${this.#latestCompleted}.`,
        seq,
      )
    }
    this.#latestCompleted = Math.max(this.#latestCompleted, checkpoint)
    this.#isLatestWhole = kind === 'stop' || kind === 'drain'
    this.#onOffsets(checkpoint, seq)
  }

  /** Positions only go forward from one completed checkpoint to the next. */
  #onOffsets(checkpoint: number, seq: number): void {
    for (const { source, topic, partition, offset } of this.#checkpoints.get(checkpoint)?.offsets ??
      []) {
      const partitionName = `${topic}/${partition}`
      const name = `${partitionName} of ${source}`
      const former = this.#offsets.get(name) ?? 0
      if (offset < former) {
        this.#violations.add(
          'O1',
          `Checkpoint ${checkpoint} has ${name} at ${offset}, an earlier one had ${former}.`,
          seq,
        )
      }
      this.#offsets.set(name, offset)
      this.#covered.set(partitionName, Math.max(this.#covered.get(partitionName) ?? 0, offset))
    }
  }

  /** Another job goes on where the former one was stopped or canceled. */
  #onSubmitted({ checkpoint, seq }: EventOf<'job-submitted'>): void {
    this.#submitted += 1
    this.#attempts.clear()
    // Ids count on from what is restored; what was aborted behind that was another job's.
    this.#barriers.clear()
    this.#acknowledged.clear()
    const restored = checkpoint ?? 0
    for (const [name, prepared] of this.#prepared) {
      if (prepared.checkpoint > restored) this.#prepared.delete(name)
    }
    this.#dispense()
    if (restored === this.#latestCompleted) return
    this.#violations.add(
      'S4',
      `The job was started from checkpoint ${restored}, the newest completed one is ${this.#latestCompleted}.`,
      seq,
    )
  }

  #onRestart({ checkpoint, subtasks, seq }: EventOf<'restart-started'>): void {
    this.#restarts += 1
    const restored = checkpoint ?? 0
    // What they had prepared for a later checkpoint belongs to none any more: it will be fenced.
    for (const [name, prepared] of this.#prepared) {
      if (prepared.checkpoint > restored && subtasks.includes(prepared.subtask)) {
        this.#prepared.delete(name)
      }
    }
    this.#dispense()
    if (restored !== this.#latestCompleted) {
      this.#violations.add(
        'S4',
        `The job was restored from checkpoint ${restored}, the newest completed one is ${this.#latestCompleted}.`,
        seq,
      )
    }
    if (this.#restarts > 2 * this.#faults + SPARE_RESTARTS) {
      this.#violations.add(
        'L2',
        `The job restarted ${this.#restarts} times for ${this.#faults} faults.`,
        seq,
      )
    }
  }

  #onBarrier({ checkpoint, channel, seq }: EventOf<'barrier-received'>): void {
    const former = this.#barriers.get(channel) ?? 0
    // One that was overtaken comes late, and is obsolete.
    const isOvertaken = checkpoint < former && this.#overtaking.has(former)
    if (checkpoint <= former && !isOvertaken) {
      this.#violations.add(
        'B1',
        `Channel ${channel} delivered barrier ${checkpoint} after ${former}.`,
        seq,
      )
    }
    this.#barriers.set(channel, Math.max(former, checkpoint))
  }

  #onSplitRestored(event: EventOf<'split-restored'>): void {
    const { subtask, topic, partition, offset, seq } = event
    // A source begins its chain, which is called after it.
    const source = subtask.slice(0, subtask.lastIndexOf('/'))
    const name = `${topic}/${partition} of ${source}`
    const expected = this.#offsets.get(name) ?? 0
    if (offset !== expected) {
      this.#violations.add(
        'O1',
        `${name} was resumed at offset ${offset}, the restored checkpoint has ${expected}.`,
        seq,
      )
    }
  }

  #onGroupOffset({
    groupId,
    topic,
    partition,
    offset,
    seq,
  }: EventOf<'group-offset-committed'>): void {
    const name = `${topic}/${partition}`
    const covered = this.#covered.get(name) ?? 0
    if (offset > covered) {
      this.#violations.add(
        'O3',
        `Group ${groupId} committed ${name} at ${offset}, no completed checkpoint is beyond ${covered}.`,
        seq,
      )
    }
    this.#groupOffsets.set(name, offset)
  }

  #dispense(): void {
    if (!this.#isLatestWhole) return
    for (const name of this.#prepared.keys()) {
      if (name.includes('-changelog-')) this.#dispensable.add(name)
    }
  }

  #onCommitDecided(event: EventOf<'transaction-state-changed'>): void {
    const name = transactionName(event)
    // Ended again after a late AddPartitionsToTxn reopened it, empty.
    if (this.#committed.has(name)) return
    const checkpoint = this.#prepared.get(name)?.checkpoint
    if (checkpoint === undefined) {
      this.#violations.add(
        'X2',
        `Transaction ${name} was committed before it was prepared.`,
        event.seq,
      )
    } else if (checkpoint > this.#latestCompleted) {
      this.#violations.add(
        'X2',
        `Transaction ${name} of checkpoint ${checkpoint} was committed, but only ${this.#latestCompleted} is complete.`,
        event.seq,
      )
    }
    this.#prepared.delete(name)
    this.#committed.add(name)
  }

  #onAbortDecided(event: EventOf<'transaction-state-changed'>): void {
    // An abort by InitProducerId carries the epoch after the prepared one.
    for (const epoch of [event.producerEpoch, event.producerEpoch - 1]) {
      const name = transactionName({ ...event, producerEpoch: epoch })
      const checkpoint = this.#prepared.get(name)?.checkpoint
      if (checkpoint === undefined || checkpoint > this.#latestCompleted) continue
      if (this.#dispensable.has(name)) continue
      this.#violations.add(
        'X3',
        `Transaction ${name} was aborted although its checkpoint ${checkpoint} is complete.`,
        event.seq,
      )
    }
  }

  #onAppended({
    topic,
    partition,
    producerId,
    producerEpoch,
    seq,
  }: EventOf<'batch-appended'>): void {
    const newest = this.#epochs.get(producerId)
    if (newest === undefined || producerEpoch >= newest) return
    this.#violations.add(
      'X1',
      `${topic}/${partition} took a batch of producer ${producerId} with epoch ${producerEpoch} after ${newest} was handed out.`,
      seq,
    )
  }
}

function transactionName({
  transactionalId,
  producerEpoch,
}: {
  readonly transactionalId: string
  readonly producerEpoch: number
}): string {
  return `${transactionalId} (epoch ${producerEpoch})`
}

/**
 * Invariants of the protocols, as folds over the trace: checkpoints (S4, B1, B3), sources (O1, O3), transactions (X1, X2,
 * X3) and restarts (L2). They name the event that broke the rule.
 */
import type { SubtaskId } from '../../engine/ids.ts'
import type { EventOf, TraceEvent, TraceTopology } from '../../engine/trace.ts'
import type { CheckpointRecord } from '../history/history.ts'
import type { Violations } from './violation.ts'

/** Restarts beyond the faults of a plan that do not count as a loop. */
const SPARE_RESTARTS = 3

export class ProtocolCheck {
  readonly #violations: Violations
  readonly #subtasks: number
  readonly #faults: number
  readonly #checkpoints: ReadonlyMap<number, CheckpointRecord>
  readonly #attempts = new Map<string, number>()
  readonly #acknowledged = new Map<number, Set<string>>()
  readonly #barriers = new Map<string, number>()
  readonly #groupOffsets = new Map<string, number>()
  readonly #prepared = new Map<
    string,
    { readonly checkpoint: number; readonly subtask: SubtaskId }
  >()
  readonly #committed = new Set<string>()
  readonly #epochs = new Map<number, number>()
  /** By source and partition. */
  readonly #offsets = new Map<string, number>()
  /** By partition, of the source that has read most of it. */
  readonly #covered = new Map<string, number>()
  #latestCompleted = 0
  #restarts = 0

  constructor(
    topology: Pick<TraceTopology, 'vertices'>,
    faults: number,
    checkpoints: readonly CheckpointRecord[],
    violations: Violations,
  ) {
    this.#subtasks = topology.vertices.reduce((sum, { subtasks }) => sum + subtasks.length, 0)
    this.#faults = faults
    this.#checkpoints = new Map(checkpoints.map((record) => [record.checkpoint, record]))
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

  #onCompleted({ checkpoint, seq }: EventOf<'checkpoint-completed'>): void {
    if (checkpoint <= this.#latestCompleted) {
      this.#violations.add(
        'S4',
        `Checkpoint ${checkpoint} completed after ${this.#latestCompleted}.`,
        seq,
      )
    }
    this.#latestCompleted = Math.max(this.#latestCompleted, checkpoint)
    const acknowledged = this.#acknowledged.get(checkpoint)?.size ?? 0
    if (acknowledged < this.#subtasks) {
      this.#violations.add(
        'B3',
        `Checkpoint ${checkpoint} completed with ${acknowledged} of ${this.#subtasks} acknowledgements of current attempts.`,
        seq,
      )
    }
    this.#onOffsets(checkpoint, seq)
  }

  /** Positions only go forward from one completed checkpoint to the next. */
  #onOffsets(checkpoint: number, seq: number): void {
    const record = this.#checkpoints.get(checkpoint)
    for (const problem of record?.problems ?? []) {
      this.#violations.add('S5', `Checkpoint ${checkpoint} cannot be read: ${problem}.`, seq)
    }
    for (const { source, topic, partition, offset } of record?.offsets ?? []) {
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

  #onRestart({ checkpoint, subtasks, seq }: EventOf<'restart-started'>): void {
    this.#restarts += 1
    const restored = checkpoint ?? 0
    // What they had prepared for a later checkpoint belongs to none any more: it will be fenced.
    for (const [name, prepared] of this.#prepared) {
      if (prepared.checkpoint > restored && subtasks.includes(prepared.subtask)) {
        this.#prepared.delete(name)
      }
    }
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
    if (checkpoint <= former) {
      this.#violations.add(
        'B1',
        `Channel ${channel} delivered barrier ${checkpoint} after ${former}.`,
        seq,
      )
    }
    this.#barriers.set(channel, checkpoint)
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

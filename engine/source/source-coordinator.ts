/**
 * The job master's half of a source: hands splits to readers and takes part in checkpoints, so that every split is on
 * the same side of the cut at both ends (F-I9). Before the barriers it is asked for its snapshot, which waits until
 * the readers confirmed every earlier event; events that come later are held back until the reader took the barrier.
 * Source: Flink SourceCoordinator and OperatorCoordinatorHolder (flink-semantics.md 3.2, coordinator gateway).
 */
import { InvariantViolation } from '../assert.ts'
import type { CheckpointId } from '../ids.ts'
import type { PartitionOffset } from '../kafka/protocol.ts'
import type { OperatorEvent } from '../messages.ts'
import { binary } from '../serializer.ts'
import type { KafkaSplitEnumerator } from './kafka-split-enumerator.ts'
import { splitOwner } from './kafka-split-enumerator.ts'

export interface SourceCoordinatorOptions {
  readonly uid: string
  readonly parallelism: number
  readonly createEnumerator: () => KafkaSplitEnumerator
  /** Sends to the current attempt of a running reader. */
  readonly sendEvent: (subtaskIndex: number, eventId: number, event: OperatorEvent) => void
}

interface CoordinatorState {
  /** Splits that a reader owns, and so its snapshot. */
  readonly assigned: readonly string[]
  /** Splits with their start offsets that wait for their reader. */
  readonly pending: readonly PartitionOffset[]
}

interface Reader {
  isRunning: boolean
  /** The checkpoint whose barrier this reader has not taken yet: events wait. */
  heldFor: CheckpointId | null
  readonly unconfirmed: Set<number>
}

export class SourceCoordinator {
  readonly uid: string
  readonly #options: SourceCoordinatorOptions
  readonly #readers: Reader[]
  readonly #assigned = new Set<string>()
  #pending: PartitionOffset[] = []
  #enumerator: KafkaSplitEnumerator | null = null
  #nextEventId = 0
  #awaited: {
    readonly checkpoint: CheckpointId
    readonly onSnapshot: (state: Uint8Array) => void
  } | null = null

  constructor(options: SourceCoordinatorOptions) {
    this.uid = options.uid
    this.#options = options
    this.#readers = Array.from({ length: options.parallelism }, () => newReader())
  }

  /** Starts anew from the state of a checkpoint, or from nothing. Readers must run before they are assigned splits. */
  reset(state: Uint8Array | null): void {
    this.#enumerator?.close()
    this.#readers.splice(0, this.#readers.length, ...this.#readers.map(() => newReader()))
    this.#assigned.clear()
    this.#awaited = null
    const restored = state === null ? null : (binary.decode(state) as CoordinatorState)
    for (const split of restored?.assigned ?? []) this.#assigned.add(split)
    this.#pending = [...(restored?.pending ?? [])]
    this.#enumerator = this.#options.createEnumerator()
    this.#enumerator.discover((splits) => {
      this.#onDiscovered(splits)
    })
  }

  onReaderRunning(index: number): void {
    this.#reader(index).isRunning = true
    this.#assign()
  }

  onEventConfirmed(index: number, eventId: number): void {
    this.#reader(index).unconfirmed.delete(eventId)
    this.#checkSnapshot()
  }

  /** Takes the snapshot as soon as no event is under way; from then on events wait for the barrier. */
  checkpoint(checkpoint: CheckpointId, onSnapshot: (state: Uint8Array) => void): void {
    for (const reader of this.#readers) reader.heldFor = checkpoint
    this.#awaited = { checkpoint, onSnapshot }
    this.#checkSnapshot()
  }

  onBarrierPassed(index: number, checkpoint: CheckpointId): void {
    const reader = this.#reader(index)
    if (reader.heldFor !== null && reader.heldFor <= checkpoint) reader.heldFor = null
    this.#assign()
  }

  /** The checkpoint completed or was aborted: nothing is held back for it any more. */
  onCheckpointEnded(checkpoint: CheckpointId): void {
    for (const reader of this.#readers) {
      if (reader.heldFor !== null && reader.heldFor <= checkpoint) reader.heldFor = null
    }
    if (this.#awaited !== null && this.#awaited.checkpoint <= checkpoint) this.#awaited = null
    this.#assign()
  }

  close(): void {
    this.#enumerator?.close()
  }

  #onDiscovered(splits: readonly PartitionOffset[]): void {
    const known = new Set([...this.#assigned, ...this.#pending.map(splitName)])
    for (const split of splits) if (!known.has(splitName(split))) this.#pending.push(split)
    this.#assign()
  }

  #assign(): void {
    const kept: PartitionOffset[] = []
    const perReader = new Map<number, PartitionOffset[]>()
    for (const split of this.#pending) {
      const index = splitOwner(split, this.#readers.length)
      const reader = this.#reader(index)
      if (!reader.isRunning || reader.heldFor !== null) kept.push(split)
      else perReader.set(index, [...(perReader.get(index) ?? []), split])
    }
    this.#pending = kept
    for (const [index, splits] of perReader) {
      const eventId = this.#nextEventId++
      this.#reader(index).unconfirmed.add(eventId)
      for (const split of splits) this.#assigned.add(splitName(split))
      this.#options.sendEvent(index, eventId, { type: 'assign-splits', splits })
    }
  }

  #checkSnapshot(): void {
    if (this.#awaited === null || this.#readers.some(({ unconfirmed }) => unconfirmed.size > 0))
      return
    const { onSnapshot } = this.#awaited
    this.#awaited = null
    const state: CoordinatorState = { assigned: [...this.#assigned], pending: this.#pending }
    onSnapshot(binary.encode(state))
  }

  #reader(index: number): Reader {
    const reader = this.#readers[index]
    if (reader === undefined)
      throw new InvariantViolation(`Source ${this.uid} has no reader ${index}.`)
    return reader
  }
}

function newReader(): Reader {
  return { isRunning: false, heldFor: null, unconfirmed: new Set() }
}

function splitName({ topic, partition }: PartitionOffset): string {
  return `${topic}/${partition}`
}

/**
 * The job master's half of a source: hands splits to readers and takes part in checkpoints, so that every split is on
 * the same side of the cut at both ends (F-I9). Before the barriers it is asked for its snapshot, which waits until
 * the readers confirmed every earlier event; events that come later are held back until the reader took the barrier.
 * A hybrid source goes on to its next source in the same way, when all readers have finished the one before.
 * Source: Flink SourceCoordinator, OperatorCoordinatorHolder (flink-semantics.md 3.2), HybridSourceSplitEnumerator.
 */
import { assert, present } from '../assert.ts'
import { NO_TIMESTAMP } from '../element.ts'
import type { CheckpointId } from '../ids.ts'
import type { PartitionOffset, TopicPartition } from '../kafka/protocol.ts'
import type { KafkaSplit, OperatorEvent, ReaderEvent } from '../messages.ts'
import { binary } from '../serializer.ts'
import { splitOwner } from './kafka-split-enumerator.ts'
import type { KafkaSplitEnumerator } from './kafka-split-enumerator.ts'
import type { SourceAlignment } from './source-alignment.ts'
import type { SwitchPoint } from './source-spec.ts'

/** Which source of a hybrid one is active, and what its enumerator found before a restart. */
export interface ActiveSource {
  readonly source: number
  /** How it came to be active; null for the first. */
  readonly point: SwitchPoint | null
  readonly discovered: readonly string[]
}

export interface SourceCoordinatorOptions {
  readonly uid: string
  readonly parallelism: number
  /** More than one: a hybrid source. */
  readonly sources: number
  /** Null: the readers of that source know their splits by themselves. */
  readonly createEnumerator: (active: ActiveSource) => KafkaSplitEnumerator | null
  /** Sends to the current attempt of a running reader. */
  readonly sendEvent: (subtaskIndex: number, eventId: number, event: OperatorEvent) => void
  readonly alignment: SourceAlignment | null
  /** Fails the job with one sentence, in a later turn. */
  readonly fail: (reason: string) => void
  /** `isBacklog` may have changed. */
  readonly onBacklog: () => void
}

interface CoordinatorState extends ActiveSource {
  /** Splits that a reader owns, and so its snapshot. */
  readonly assigned: readonly string[]
  /** Splits with their offsets that wait for their reader. */
  readonly pending: readonly KafkaSplit[]
}

/** A split behind the snapshot of checkpoint `after`: a restore from there or earlier does not have it. */
interface Assignment {
  readonly split: KafkaSplit
  readonly index: number
  readonly after: number
}

type FinishedReader = Extract<ReaderEvent, { type: 'source-finished' }>

interface Reader {
  isRunning: boolean
  /** The checkpoint whose barrier this reader has not taken yet: events wait. */
  heldFor: CheckpointId | null
  readonly unconfirmed: Set<number>
  /** The source that it reads. */
  source: number
  /** It was told that it has all its splits of that source. */
  hasAllSplits: boolean
}

export class SourceCoordinator {
  readonly uid: string
  readonly #options: SourceCoordinatorOptions
  readonly #readers: Reader[]
  /** Splits that a reader owns; null for those that came with a restore. */
  readonly #assigned = new Map<string, Assignment | null>()
  /** The checkpoint of the newest snapshot. */
  #snapshotted = 0
  /** The same at the newest switch to another source. */
  #switchedAfter = -1
  #pending: KafkaSplit[] = []
  #source = 0
  #point: SwitchPoint | null = null
  #enumerator: KafkaSplitEnumerator | null = null
  /** The enumerator finds no more splits. */
  #isComplete = false
  /** Readers that have read the active source to its end. */
  readonly #finished = new Map<number, FinishedReader>()
  #nextEventId = 0
  #awaited: {
    readonly checkpoint: CheckpointId
    readonly onSnapshot: (state: Uint8Array) => void
  } | null = null

  constructor(options: SourceCoordinatorOptions) {
    this.uid = options.uid
    this.#options = options
    this.#readers = Array.from({ length: options.parallelism }, () => newReader(0))
  }

  /** It reads what has piled up: a hybrid source before its last one (Flink HybridSourceSplitEnumerator). */
  get isBacklog(): boolean {
    return this.#source < this.#options.sources - 1
  }

  /** Starts anew from its state in a checkpoint, or from nothing. Readers must run before they are assigned splits. */
  reset(state: Uint8Array | null, checkpoint: CheckpointId | null = null): void {
    // Written by `#checkSnapshot` below.
    const restored = state === null ? null : (binary.decode(state) as CoordinatorState)
    const { source, point, discovered, assigned, pending } = restored ?? FRESH
    this.#options.alignment?.reset()
    this.#readers.splice(0, this.#readers.length, ...this.#readers.map(() => newReader(source)))
    this.#awaited = null
    this.#snapshotted = Math.max(this.#snapshotted, checkpoint ?? 0)
    this.#switchedAfter = -1
    this.#begin({ source, point, discovered }, assigned, pending)
  }

  /** Whether one reader alone can go back to a checkpoint: not if all of them have switched to another source since. */
  canResetTo(checkpoint: CheckpointId | null): boolean {
    return this.#switchedAfter < (checkpoint ?? 0)
  }

  /** One reader starts anew from a checkpoint: it is given again what it had been assigned after that. */
  subtaskReset(index: number, checkpoint: CheckpointId | null): void {
    assert(this.canResetTo(checkpoint), `A reader of "${this.uid}" went back behind a switch.`)
    this.#options.alignment?.forgetReader(index)
    this.#readers[index] = newReader(this.#source)
    this.#finished.delete(index)
    for (const [name, assignment] of this.#assigned) {
      if (assignment === null || assignment.index !== index) continue
      if (assignment.after < (checkpoint ?? 0)) continue
      this.#assigned.delete(name)
      this.#pending.push(assignment.split)
    }
  }

  onReaderRunning(index: number): void {
    this.#reader(index).isRunning = true
    this.#proceed()
  }

  onReaderEvent(index: number, event: ReaderEvent): void {
    if (event.type === 'backlog-reported') return
    if (event.type === 'watermark-reported') this.#options.alignment?.report(index, event.watermark)
    else this.#onFinished(index, event)
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
    release(this.#reader(index), checkpoint)
    this.#proceed()
  }

  /** The checkpoint completed or was aborted: nothing is held back for it any more. */
  onCheckpointEnded(checkpoint: CheckpointId): void {
    for (const reader of this.#readers) release(reader, checkpoint)
    if (this.#awaited !== null && this.#awaited.checkpoint <= checkpoint) this.#awaited = null
    this.#proceed()
  }

  /** Alignment: not part of the cut, so it neither waits nor is waited for. */
  announce(index: number, maxAllowed: number): void {
    if (!this.#reader(index).isRunning) return
    this.#options.sendEvent(index, this.#nextEventId++, { type: 'watermark-bound', maxAllowed })
  }

  close(): void {
    this.#enumerator?.close()
  }

  #begin(
    active: ActiveSource,
    assigned: readonly string[] = [],
    pending: readonly KafkaSplit[] = [],
  ): void {
    this.#enumerator?.close()
    this.#source = active.source
    this.#point = active.point
    this.#finished.clear()
    this.#assigned.clear()
    for (const split of assigned) this.#assigned.set(split, null)
    this.#pending = [...pending]
    this.#isComplete = false
    this.#options.onBacklog()
    this.#enumerator = this.#options.createEnumerator(active)
    this.#enumerator?.start({
      isKnown: (split) =>
        this.#assigned.has(splitName(split)) ||
        this.#pending.some((one) => splitName(one) === splitName(split)),
      onSplits: (splits) => {
        this.#pending.push(...splits)
        this.#proceed()
      },
      onComplete: () => {
        this.#isComplete = true
        this.#proceed()
      },
      onFailure: (reason) => {
        this.#options.fail(reason)
      },
    })
  }

  #onFinished(index: number, event: FinishedReader): void {
    if (event.source !== this.#source) return
    this.#finished.set(index, event)
    if (this.#finished.size < this.#readers.length) return
    const ends = [...this.#finished.values()]
    const source = this.#source + 1
    assert(source < this.#options.sources, `The last source of "${this.uid}" has no next one.`)
    const point: SwitchPoint = {
      source,
      lastTimestamp: ends.reduce((last, end) => Math.max(last, end.lastTimestamp), NO_TIMESTAMP),
      offsets: ends.flatMap(({ offsets }) => offsets).toSorted(bySplitName),
    }
    this.#switchedAfter = this.#snapshotted
    this.#begin({ source, point, discovered: [] })
    this.#proceed()
  }

  /** Tells every reader that may be told now what it does not know yet. */
  #proceed(): void {
    const waiting: KafkaSplit[] = []
    const perReader = this.#readers.map((): KafkaSplit[] => [])
    for (const split of this.#pending) {
      const index = splitOwner(split, this.#readers.length)
      if (mayBeTold(this.#reader(index))) perReader[index]?.push(split)
      else waiting.push(split)
    }
    this.#pending = waiting
    for (const [index, reader] of this.#readers.entries()) {
      if (mayBeTold(reader)) this.#tell(index, reader, perReader[index] ?? [])
    }
  }

  #tell(index: number, reader: Reader, splits: readonly KafkaSplit[]): void {
    if (reader.source < this.#source) {
      reader.source = this.#source
      reader.hasAllSplits = false
      this.#send(index, { type: 'switch-source', source: this.#source })
    }
    if (splits.length > 0) {
      for (const split of splits) {
        this.#assigned.set(splitName(split), { split, index, after: this.#snapshotted })
      }
      this.#send(index, { type: 'assign-splits', splits })
    }
    if (this.#isComplete && !reader.hasAllSplits) {
      reader.hasAllSplits = true
      this.#send(index, { type: 'no-more-splits' })
    }
  }

  #send(index: number, event: OperatorEvent): void {
    const eventId = this.#nextEventId++
    this.#reader(index).unconfirmed.add(eventId)
    this.#options.sendEvent(index, eventId, event)
  }

  #checkSnapshot(): void {
    if (this.#awaited === null || this.#readers.some(({ unconfirmed }) => unconfirmed.size > 0))
      return
    const { checkpoint, onSnapshot } = this.#awaited
    this.#awaited = null
    this.#snapshotted = checkpoint
    assert(
      this.#readers.every(({ source }) => source === this.#source),
      `The readers of "${this.uid}" do not all read source ${this.#source}.`,
    )
    const state: CoordinatorState = {
      source: this.#source,
      point: this.#point,
      discovered: this.#enumerator?.discovered ?? [],
      assigned: [...this.#assigned.keys()],
      pending: this.#pending,
    }
    onSnapshot(binary.encode(state))
  }

  #reader(index: number): Reader {
    return present(this.#readers[index], `Source ${this.uid} has no reader ${index}.`)
  }
}

/** The splits in a coordinator's snapshot: those that a reader owns, and those that wait for theirs. */
export function decodeCoordinatedSplits(state: Uint8Array): {
  readonly assigned: readonly string[]
  readonly pending: readonly string[]
} {
  const { assigned, pending } = binary.decode(state) as CoordinatorState
  return { assigned, pending: pending.map(splitName) }
}

const FRESH: CoordinatorState = {
  source: 0,
  point: null,
  discovered: [],
  assigned: [],
  pending: [],
}

function newReader(source: number): Reader {
  return { isRunning: false, heldFor: null, unconfirmed: new Set(), source, hasAllSplits: false }
}

function mayBeTold({ isRunning, heldFor }: Reader): boolean {
  return isRunning && heldFor === null
}

function release(reader: Reader, checkpoint: CheckpointId): void {
  if (reader.heldFor !== null && reader.heldFor <= checkpoint) reader.heldFor = null
}

function splitName({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`
}

function bySplitName(a: PartitionOffset, b: PartitionOffset): number {
  if (a.topic !== b.topic) return a.topic < b.topic ? -1 : 1
  return a.partition - b.partition
}

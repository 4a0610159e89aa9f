/**
 * The snapshots of a subtask that are under way. The synchronous part freezes keyed state and asks the operators; the
 * asynchronous part waits for the operators' holds, encodes the frozen state a slice per turn, writes the object, and
 * acknowledges. Source: Flink SubtaskCheckpointCoordinatorImpl and AsyncCheckpointRunnable (flink-semantics.md 3.3).
 */
import { channelStateKey, encodeChannelState } from '../checkpoint/channel-state-format.ts'
import type {
  KeyedStateHandle,
  OperatorHandle,
  SnapshotHandle,
  StoredObject,
} from '../checkpoint/snapshot-handle.ts'
import type { Barrier } from '../element.ts'
import { isUnaligned } from '../exchange/barrier-alignment.ts'
import type { CheckpointId } from '../ids.ts'
import type { OperatorSnapshot } from '../operator/operator.ts'
import type { ChannelCapture } from './channel-capture.ts'
import type { SubtaskKeyedState } from './create-keyed-state.ts'
import { KeyedSnapshotWriter } from './keyed-snapshot-writer.ts'
import { objectsOf } from './keyed-state-content.ts'
import type { OperatorChain } from './operator-chain.ts'
import type { SubtaskEnvironment } from './subtask-environment.ts'

/** Bytes that one turn encodes before the next buffer gets its chance. */
const SLICE_BYTES = 1 << 18

/** What is known of the snapshot when it begins. */
export interface SnapshotStart {
  readonly barrier: Barrier
  readonly startDelayMs: number
  readonly alignmentMs: number
  readonly processedBytes: number
  readonly capture: ChannelCapture
}

interface RunningSnapshot extends SnapshotStart {
  alignmentMs: number
  processedBytes: number
  channels: StoredObject | null
  readonly checkpoint: CheckpointId
  /** The clock when the synchronous part began, and when it was over. */
  readonly beganAt: number
  synchronizedAt: number
  readonly keyed: KeyedSnapshotWriter | null
  readonly operators: { readonly uid: string; readonly state: OperatorSnapshot }[]
  readonly onFailed: (reason: string) => void
  holds: number
}

export class SubtaskSnapshots {
  readonly #env: SubtaskEnvironment
  readonly #chain: OperatorChain
  readonly #keyed: SubtaskKeyedState | null
  readonly #running = new Map<CheckpointId, RunningSnapshot>()

  constructor(env: SubtaskEnvironment, chain: OperatorChain, keyed: SubtaskKeyedState | null) {
    this.#env = env
    this.#chain = chain
    this.#keyed = keyed
  }

  /** The synchronous part; `onFailed` is for failures of the asynchronous part, which waits for the returned function. */
  take(start: SnapshotStart, onFailed: (reason: string) => void): () => void {
    const { checkpoint } = start.barrier
    const beganAt = this.#env.runtime.now()
    const keyed = this.#freeze(start.barrier)
    const snapshot: RunningSnapshot = {
      ...start,
      checkpoint,
      beganAt,
      synchronizedAt: beganAt,
      keyed,
      operators: [],
      onFailed,
      channels: null,
      // One hold for the synchronous part itself, so that nothing ends before it did, and others may follow.
      holds: 1,
    }
    this.#running.set(checkpoint, snapshot)
    const hold = (): (() => void) => this.#hold(snapshot)
    for (const operator of this.#chain.tailToHead) {
      const state = operator.snapshot?.({ checkpoint, hold })
      if (state !== undefined) snapshot.operators.push({ uid: operator.uid, state })
    }
    snapshot.synchronizedAt = this.#env.runtime.now()
    return () => {
      this.#release(snapshot)
    }
  }

  /** The snapshot waits until the returned function is called. */
  hold(checkpoint: CheckpointId): () => void {
    const snapshot = this.#running.get(checkpoint)
    // An operator may have failed the subtask meanwhile.
    return snapshot === undefined ? () => undefined : this.#hold(snapshot)
  }

  /** The last barrier came, when the snapshot was taken already. */
  aligned(checkpoint: CheckpointId, alignmentMs: number, processedBytes: number): void {
    const snapshot = this.#running.get(checkpoint)
    if (snapshot === undefined) return
    snapshot.alignmentMs = alignmentMs
    snapshot.processedBytes = processedBytes
  }

  abort(checkpoint: CheckpointId): void {
    const snapshot = this.#running.get(checkpoint)
    snapshot?.keyed?.discard()
    const channels = snapshot?.channels ?? null
    if (channels !== null) this.#env.storage.delete(channels.key)
    this.#running.delete(checkpoint)
  }

  close(): void {
    for (const checkpoint of this.#running.keys()) this.abort(checkpoint)
  }

  #hold(snapshot: RunningSnapshot): () => void {
    snapshot.holds += 1
    return () => {
      this.#release(snapshot)
    }
  }

  /** Savepoints are whole and readable by every backend. */
  #freeze({ checkpoint, kind, base = null, location }: Barrier): KeyedSnapshotWriter | null {
    if (this.#keyed === null) return null
    const { backend, changelog } = this.#keyed
    const { checkpointing } = this.#env.graph.settings
    const hasOwn = changelog !== null || checkpointing?.incremental === true
    const isOwn = hasOwn && (kind === 'checkpoint' || kind === 'final')
    const snapshot = backend.snapshot(isOwn ? { checkpoint, base } : undefined)
    if (isOwn) changelog?.snapshotTaken()
    return new KeyedSnapshotWriter(this.#env, checkpoint, snapshot, location)
  }

  #isRunning(snapshot: RunningSnapshot): boolean {
    return this.#running.get(snapshot.checkpoint) === snapshot
  }

  #release(snapshot: RunningSnapshot): void {
    snapshot.holds -= 1
    if (snapshot.holds === 0 && this.#isRunning(snapshot)) this.#scheduleSlice(snapshot)
  }

  #scheduleSlice(snapshot: RunningSnapshot): void {
    this.#env.runtime.schedule(0, 'snapshot-slice', () => {
      if (this.#isRunning(snapshot)) this.#encodeSlice(snapshot)
    })
  }

  #encodeSlice(snapshot: RunningSnapshot): void {
    const { keyed } = snapshot
    const { bytes, isLast } = keyed?.encode(SLICE_BYTES) ?? { bytes: 0, isLast: true }
    this.#env.runtime.spend({ records: 0, bytes })
    if (!isLast) {
      this.#scheduleSlice(snapshot)
      return
    }
    this.#storeChannels(snapshot, () => {
      this.#store(snapshot, keyed)
    })
  }

  #store(snapshot: RunningSnapshot, keyed: KeyedSnapshotWriter | null): void {
    if (keyed === null) {
      this.#acknowledge(snapshot, null, 0)
      return
    }
    keyed.store((result) => {
      if (result.type === 'stored') {
        this.#acknowledge(snapshot, result.handle, result.writtenBytes)
        return
      }
      this.abort(snapshot.checkpoint)
      snapshot.onFailed(`its snapshot could not be stored: ${result.reason}`)
    })
  }

  /** What the changelog keeps goes along with the state of the head, whose changes it has. */
  #withChangelog(operators: readonly OperatorHandle[], checkpoint: CheckpointId): OperatorHandle[] {
    const entries = this.#keyed?.changelog?.operatorState(checkpoint) ?? []
    const head = this.#chain.headToTail[0]?.uid
    if (entries.length === 0 || head === undefined) return [...operators]
    const own = operators.find(({ uid }) => uid === head)
    const others = operators.filter((operator) => operator !== own)
    return [...others, { uid: head, operatorState: [...(own?.operatorState ?? []), ...entries] }]
  }

  /** The records that the barrier overtook, if there are any. */
  #storeChannels(snapshot: RunningSnapshot, then: () => void): void {
    const { parts } = snapshot.capture
    const { storage, deployment, mutants } = this.#env
    if (parts.length === 0 || mutants.active('in-flight-dropped')) {
      then()
      return
    }
    const { checkpoint } = snapshot
    const { pieces, checksum } = encodeChannelState(parts)
    const key = channelStateKey(checkpoint, deployment.subtask, deployment.attempt)
    const sizeBytes = pieces.reduce((sum, piece) => sum + piece.length, 0)
    storage.put(key, pieces, (result) => {
      if (!this.#isRunning(snapshot)) {
        storage.delete(key)
      } else if (result.type === 'failed') {
        this.abort(checkpoint)
        snapshot.onFailed(`its records in flight could not be stored: ${result.reason}`)
      } else {
        snapshot.channels = { key, sizeBytes, checksum }
        then()
      }
    })
  }

  #acknowledge(
    snapshot: RunningSnapshot,
    keyed: KeyedStateHandle | null,
    keyedBytes: number,
  ): void {
    const { checkpoint, startDelayMs, alignmentMs, beganAt, synchronizedAt } = snapshot
    const { processedBytes, capture } = snapshot
    this.#running.delete(checkpoint)
    const { subtask, attempt } = this.#env.deployment
    const operators = this.#withChangelog(
      snapshot.operators.map(({ uid, state }) => ({ uid, operatorState: state() })),
      checkpoint,
    )
    const { channels } = snapshot
    const otherBytes = operatorBytes(operators) + (channels?.sizeBytes ?? 0)
    const writtenBytes = keyedBytes + otherBytes
    const sizeBytes = bytesOf(keyed === null ? [] : objectsOf(keyed)) + otherBytes
    this.#env.runtime.trace({ type: 'snapshot-stored', checkpoint, subtask, sizeBytes })
    const handle: SnapshotHandle = {
      subtask,
      attempt,
      keyed,
      channels,
      sizeBytes,
      writtenBytes,
      operators,
      metrics: {
        startDelayMs,
        alignmentMs,
        syncMs: synchronizedAt - beganAt,
        asyncMs: this.#env.runtime.now() - synchronizedAt,
        processedBytes,
        persistedBytes: capture.bytes,
        isUnaligned: isUnaligned(snapshot.barrier) || capture.bytes > 0,
      },
    }
    this.#env.report({ type: 'acknowledge-checkpoint', subtask, attempt, checkpoint, handle })
  }
}

function bytesOf(objects: readonly StoredObject[]): number {
  return objects.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
}

function operatorBytes(operators: readonly OperatorHandle[]): number {
  let bytes = 0
  for (const { operatorState } of operators) {
    for (const { items } of operatorState) for (const item of items) bytes += item.length
  }
  return bytes
}

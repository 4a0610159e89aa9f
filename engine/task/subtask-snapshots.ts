/**
 * The snapshots of a subtask that are under way. The synchronous part freezes keyed state and asks the operators; the
 * asynchronous part waits for the operators' holds, encodes the frozen state a slice per turn, writes the object, and
 * acknowledges. Source: Flink SubtaskCheckpointCoordinatorImpl and AsyncCheckpointRunnable (flink-semantics.md 3.3).
 */
import { encodeSnapshotObject, sealSlice } from '../checkpoint/snapshot-format.ts'
import type { SealedSegment } from '../checkpoint/snapshot-format.ts'
import type { OperatorHandle, SnapshotHandle } from '../checkpoint/snapshot-handle.ts'
import type { CheckpointId } from '../ids.ts'
import type { OperatorSnapshot } from '../operator/operator.ts'
import type { HeapStateBackend } from '../state/heap-state-backend.ts'
import type { KeyedStateSnapshot, KeyGroupSegment } from '../state/keyed-state-backend.ts'
import type { OperatorChain } from './operator-chain.ts'
import type { SubtaskEnvironment } from './subtask-environment.ts'

interface RunningSnapshot {
  readonly checkpoint: CheckpointId
  readonly keyed: KeyedStateSnapshot | null
  readonly keyGroups: Iterator<KeyGroupSegment>
  readonly segments: SealedSegment[]
  readonly operators: { readonly uid: string; readonly state: OperatorSnapshot }[]
  readonly onFailed: (reason: string) => void
  holds: number
  /** The storage has the pieces of the state's pages. */
  isStoring: boolean
}

export class SubtaskSnapshots {
  readonly #env: SubtaskEnvironment
  readonly #chain: OperatorChain
  readonly #keyedState: HeapStateBackend | null
  readonly #running = new Map<CheckpointId, RunningSnapshot>()

  constructor(env: SubtaskEnvironment, chain: OperatorChain, keyedState: HeapStateBackend | null) {
    this.#env = env
    this.#chain = chain
    this.#keyedState = keyedState
  }

  /** The synchronous part; `onFailed` is for failures of the asynchronous part. */
  take(checkpoint: CheckpointId, onFailed: (reason: string) => void): void {
    const keyed = this.#keyedState?.snapshot() ?? null
    const snapshot: RunningSnapshot = {
      checkpoint,
      keyed,
      keyGroups: (keyed?.keyGroups() ?? [])[Symbol.iterator](),
      segments: [],
      operators: [],
      onFailed,
      // One hold for the synchronous part itself, so that nothing ends before it did.
      holds: 1,
      isStoring: false,
    }
    this.#running.set(checkpoint, snapshot)
    const hold = (): (() => void) => {
      snapshot.holds += 1
      return () => {
        this.#release(snapshot)
      }
    }
    for (const operator of this.#chain.tailToHead) {
      const state = operator.snapshot?.({ checkpoint, hold })
      if (state !== undefined) snapshot.operators.push({ uid: operator.uid, state })
    }
    this.#release(snapshot)
  }

  abort(checkpoint: CheckpointId): void {
    const snapshot = this.#running.get(checkpoint)
    // What is being stored is released when the storage has answered.
    if (snapshot?.isStoring === false) snapshot.keyed?.release()
    this.#running.delete(checkpoint)
  }

  close(): void {
    for (const checkpoint of this.#running.keys()) this.abort(checkpoint)
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
    const { bytes, isLast } = sealSlice(snapshot.keyGroups, snapshot.segments)
    this.#env.runtime.spend({ records: 0, bytes })
    if (isLast) this.#store(snapshot)
    else this.#scheduleSlice(snapshot)
  }

  #store(snapshot: RunningSnapshot): void {
    const { keyed } = snapshot
    if (keyed === null) {
      this.#acknowledge(snapshot, null, 0)
      return
    }
    const { checkpoint } = snapshot
    const { subtask, attempt } = this.#env.deployment
    const key = `chk-${checkpoint}/${subtask.replaceAll('/', '-')}-${attempt}`
    const whole = encodeSnapshotObject(snapshot.segments)
    const isCut = whole.length > 2 && this.#env.mutants.active('snapshot-truncated')
    const pieces = isCut ? whole.slice(0, -1) : whole
    const sizeBytes = pieces.reduce((sum, piece) => sum + piece.length, 0)
    snapshot.isStoring = true
    this.#env.storage.put(key, pieces, (result) => {
      keyed.release()
      if (!this.#isRunning(snapshot)) {
        this.#env.storage.delete(key)
      } else if (result.type === 'failed') {
        this.abort(checkpoint)
        snapshot.onFailed(`its snapshot could not be stored: ${result.reason}`)
      } else {
        this.#acknowledge(snapshot, key, sizeBytes)
      }
    })
  }

  #acknowledge(snapshot: RunningSnapshot, object: string | null, objectBytes: number): void {
    const { checkpoint } = snapshot
    this.#running.delete(checkpoint)
    const { subtask, attempt } = this.#env.deployment
    const operators: OperatorHandle[] = snapshot.operators.map(({ uid, state }) => ({
      uid,
      operatorState: state(),
    }))
    const sizeBytes = objectBytes + operatorBytes(operators)
    this.#env.runtime.trace({ type: 'snapshot-stored', checkpoint, subtask, sizeBytes })
    const handle: SnapshotHandle = { subtask, attempt, object, sizeBytes, operators }
    this.#env.report({ type: 'acknowledge-checkpoint', subtask, attempt, checkpoint, handle })
  }
}

function operatorBytes(operators: readonly OperatorHandle[]): number {
  let bytes = 0
  for (const { operatorState } of operators) {
    for (const { items } of operatorState) for (const item of items) bytes += item.length
  }
  return bytes
}

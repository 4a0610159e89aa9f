/**
 * The changelog of a subtask: its backend, its log, and the timer that has the whole state stored once in a while, beside
 * the checkpoints, a slice per turn. Must not know barriers, or how changes are kept.
 * Source: Flink PeriodicMaterializationManager: a few failures are tolerated, then the subtask fails.
 */
import { CHANGELOG_PREFIX, type KafkaLog } from '../changelog/kafka-log.ts'
import type { KeyedStateHandle, OperatorStateEntry } from '../checkpoint/snapshot-handle.ts'
import { checkpointId } from '../ids.ts'
import type { CheckpointId } from '../ids.ts'
import { formerParallelism, ownCommittables } from '../sink/kafka-sink-state.ts'
import { ChangelogStateBackend } from '../state/changelog/changelog-state-backend.ts'
import type { Materialization } from '../state/changelog/changelog-state-backend.ts'
import { ObjectLog } from '../state/changelog/object-log.ts'
import type { KeyedStateBackend } from '../state/keyed-state-backend.ts'
import type { SortedRun } from '../state/lsm/sorted-run.ts'
import { ChangeTracker } from '../state/rows/change-tracker.ts'
import { logRangeOf } from './keyed-state-content.ts'
import type { SubtaskEnvironment } from './subtask-environment.ts'

/** Bytes that one turn encodes. */
const SLICE_BYTES = 1 << 18
/** Failed materializations in a row that do not fail the subtask (Flink state.changelog.max-failures-allowed). */
const FAILURES_TOLERATED = 3

/** Some checkpoint will name what was stored: until then its copy is kept. */
const TO_COME = checkpointId(Number.MAX_SAFE_INTEGER)

export interface SubtaskChangelogOptions {
  /** Null: changes are kept in the snapshot storage. */
  readonly kafka: KafkaLog | null
  readonly materializeIntervalMs: number
  /** The backend that keeps the state. */
  createInner(tracker: ChangeTracker): KeyedStateBackend
  fail(reason: string): void
}

export class SubtaskChangelog {
  readonly backend: ChangelogStateBackend
  readonly kafka: KafkaLog | null
  readonly #env: SubtaskEnvironment
  readonly #options: SubtaskChangelogOptions
  #isDue = false
  #failures = 0
  #materializations = 0
  #isClosed = false

  constructor(env: SubtaskEnvironment, options: SubtaskChangelogOptions) {
    this.#env = env
    this.#options = options
    this.kafka = options.kafka
    const { deployment, mutants, runtime, vertex } = env
    const { subtask } = deployment
    const tracker = new ChangeTracker({
      maxParallelism: vertex.maxParallelism,
      aliasSnapshots: mutants.active('snapshot-aliases-state'),
    })
    this.backend = new ChangelogStateBackend({
      inner: options.createInner(tracker),
      tracker,
      log: options.kafka ?? new ObjectLog(),
      onAppended: (checkpoint, { count, bytes }) => {
        const fact = { type: 'changelog-appended', checkpoint, subtask, count } as const
        runtime.trace({ ...fact, sizeBytes: bytes })
      },
      onWholeStored: (sizeBytes) => {
        runtime.trace({ type: 'state-materialized', subtask, sizeBytes })
      },
    })
  }

  get hasUncommitted(): boolean {
    return this.kafka?.hasUncommitted === true
  }

  /** The attempt begins: what was prepared for the checkpoint that it restores is committed. */
  open(): void {
    const { deployment, vertex } = this.#env
    const { index: subtaskIndex, restore } = deployment
    const { parallelism, nodes } = vertex
    const head = restore?.operators.find(({ uid }) => uid === nodes[0]?.uid)
    const entries = head?.operatorState ?? []
    this.kafka?.open({
      committables: ownCommittables(entries, { subtaskIndex, parallelism }, CHANGELOG_PREFIX),
      restoredFrom: restore?.checkpoint ?? null,
      formerParallelism: formerParallelism(entries, CHANGELOG_PREFIX),
    })
  }

  /** The state of these handles was restored: the next snapshot goes on behind it if it can. */
  continueBehind(keyed: readonly KeyedStateHandle[]): void {
    const ranges = keyed.flatMap((handle) => logRangeOf(handle) ?? [])
    const [only] = ranges
    if (only === undefined) return
    if (keyed.length === 1 && this.kafka?.continueBehind(only) === true) return
    this.backend.forgetRestored()
  }

  /** The subtask runs. */
  start(): void {
    const { runtime } = this.#env
    runtime.schedule(this.#options.materializeIntervalMs, 'materialize', () => {
      if (this.#isClosed) return
      this.#isDue = true
      this.start()
    })
  }

  /** To be called right behind the synchronous part of a snapshot. */
  snapshotTaken(): void {
    if (!this.#isDue) return
    const materialization = this.backend.materialize()
    if (materialization === null) return
    this.#isDue = false
    this.#encodeSlice(materialization)
  }

  /** `isLast`: the subtask ends with it. */
  complete(checkpoint: CheckpointId, isLast: boolean): void {
    this.kafka?.complete(checkpoint, isLast)
  }

  /** What a snapshot keeps beside the keyed state. */
  operatorState(checkpoint: CheckpointId): readonly OperatorStateEntry[] {
    return this.kafka?.operatorState(checkpoint) ?? []
  }

  close(): void {
    this.#isClosed = true
    this.kafka?.close()
    for (const { key } of this.backend.unnamedObjects()) this.#env.storage.delete(key)
  }

  #encodeSlice(materialization: Materialization): void {
    this.#env.runtime.schedule(0, 'materialization-slice', () => {
      if (this.#isClosed) return
      let bytes = 0
      while (bytes < SLICE_BYTES) {
        const step = materialization.steps.next()
        if (step.done === true) {
          this.#store(materialization, step.value)
          break
        }
        bytes += step.value
        if (bytes >= SLICE_BYTES) this.#encodeSlice(materialization)
      }
      this.#env.runtime.spend({ records: 0, bytes })
    })
  }

  #store(materialization: Materialization, run: SortedRun | null): void {
    const { deployment, runtime, storage } = this.#env
    const { subtask, attempt } = deployment
    if (run === null) {
      materialization.stored(null)
      runtime.trace({ type: 'state-materialized', subtask, sizeBytes: 0 })
      return
    }
    this.#materializations += 1
    const name = `${subtask.replaceAll('/', '-')}-${attempt}`
    const key = `shared/${name}-materialized-${this.#materializations}`
    const { sizeBytes, checksum } = run
    storage.put(key, [run.bytes], (result) => {
      if (this.#isClosed) {
        if (result.type === 'ok') storage.delete(key)
        return
      }
      if (result.type !== 'ok') {
        this.#onFailed(materialization, result.reason)
        return
      }
      this.#failures = 0
      const object = { key, sizeBytes, checksum }
      this.#env.copies?.keep(subtask, attempt, object, [run.bytes])
      this.#env.copies?.name(subtask, TO_COME, [object])
      materialization.stored(object)
      runtime.trace({ type: 'state-materialized', subtask, sizeBytes })
    })
  }

  #onFailed(materialization: Materialization, reason: string): void {
    materialization.failed()
    this.#failures += 1
    // At the next checkpoint once more.
    this.#isDue = true
    if (this.#failures <= FAILURES_TOLERATED) return
    const times = this.#failures
    this.#options.fail(`Its whole state could not be stored ${times} times in a row: ${reason}.`)
  }
}

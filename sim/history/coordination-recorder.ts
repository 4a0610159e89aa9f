/**
 * Looks at what a completed checkpoint leaves in the storage, beyond what it says of the cut: that every key group has
 * one owner (S3, F-I8), that splits are on the same side of the cut at both ends (F-I9), and that no retained checkpoint
 * has lost an object (F-I10). Only whoever sees the storage can tell; the oracle takes over what was found.
 */
import { isSavepoint } from '../../engine/checkpoint/checkpoint-kind.ts'
import { decodeAt } from '../../engine/checkpoint/savepoint-metadata.ts'
import type { CheckpointMetadata } from '../../engine/checkpoint/checkpoint-metadata.ts'
import { decodeSnapshotObject } from '../../engine/checkpoint/snapshot-format.ts'
import type { SnapshotHandle, StoredObject } from '../../engine/checkpoint/snapshot-handle.ts'
import type { CheckpointId } from '../../engine/ids.ts'
import { decodeCoordinatedSplits } from '../../engine/source/source-coordinator.ts'
import { decodeSplits } from '../../engine/source/kafka-source-reader.ts'
import type { TraceEvent } from '../../engine/trace.ts'
import type { SimulatedStorage } from '../world/simulated-storage.ts'

/** What is wrong, and the event at which it was. */
export interface CoordinationFinding {
  readonly invariant: 'S3' | 'F-I9' | 'F-I10'
  readonly message: string
  readonly seq: number
}

export class CoordinationRecorder {
  readonly #storage: SimulatedStorage
  readonly #retained = new Map<CheckpointId, CheckpointMetadata>()
  readonly #findings: CoordinationFinding[] = []

  constructor(storage: SimulatedStorage) {
    this.#storage = storage
  }

  get findings(): readonly CoordinationFinding[] {
    return this.#findings
  }

  observe(event: TraceEvent): void {
    switch (event.type) {
      case 'checkpoint-completed': {
        this.#checkRetained(event.seq)
        const metadata = this.#read(event.location)
        if (metadata === null) return
        this.#checkOwners(metadata, event.seq)
        this.#checkSplits(metadata, event.seq)
        this.#retained.set(event.checkpoint, metadata)
        return
      }
      case 'checkpoint-subsumed':
        this.#retained.delete(event.checkpoint)
        return
      case 'job-status-changed':
        // What a job leaves when it is over is no checkpoint of its own any more; savepoints are the user's.
        if (event.status === 'finished' || event.status === 'failed') this.#forgetOwn()
        return
      case 'run-ended':
        this.#checkRetained(event.seq)
        return
      default:
    }
  }

  #forgetOwn(): void {
    for (const [checkpoint, { kind }] of this.#retained) {
      if (!isSavepoint(kind)) this.#retained.delete(checkpoint)
    }
  }

  /** What cannot be read is told elsewhere (S5). */
  #read(location: string): CheckpointMetadata | null {
    const bytes = this.#storage.peek(location)
    const metadata = bytes === undefined ? null : decodeAt(bytes, location)
    return typeof metadata === 'string' ? null : metadata
  }

  #checkRetained(seq: number): void {
    for (const [checkpoint, { handles }] of this.#retained) {
      for (const { key } of handles.flatMap(objectsOf)) {
        if (this.#storage.peek(key) !== undefined) continue
        const message = `Checkpoint ${checkpoint} is retained, but its object ${key} is gone.`
        this.#findings.push({ invariant: 'F-I10', message, seq })
      }
    }
  }

  #checkOwners({ checkpoint, handles }: CheckpointMetadata, seq: number): void {
    const owners = new Map<string, string>()
    for (const { subtask, keyed } of handles) {
      if (keyed?.format !== 'key-groups') continue
      const vertex = subtask.slice(0, subtask.lastIndexOf('/'))
      for (const keyGroup of keyed.exclusive.flatMap((object) => this.#keyGroupsIn(object))) {
        const name = `${vertex} ${keyGroup}`
        const owner = owners.get(name)
        if (owner !== undefined) {
          const message = `In checkpoint ${checkpoint} key group ${keyGroup} is in ${owner} and in ${subtask}.`
          this.#findings.push({ invariant: 'S3', message, seq })
        }
        owners.set(name, subtask)
      }
    }
  }

  #keyGroupsIn({ key, checksum }: StoredObject): readonly number[] {
    const bytes = this.#storage.peek(key)
    const segments = bytes === undefined ? 'it is gone' : decodeSnapshotObject(bytes, checksum)
    return typeof segments === 'string' ? [] : segments.map(({ keyGroup }) => keyGroup)
  }

  /** Of a split that the coordinator gave away there is a position in just one reader, of one that it keeps in none. */
  #checkSplits({ checkpoint, coordinators, handles }: CheckpointMetadata, seq: number): void {
    for (const { uid, state } of coordinators) {
      const readers = new Map<string, number>()
      for (const { operators } of handles) {
        const own = operators.find((operator) => operator.uid === uid)?.operatorState ?? []
        for (const { topic, partition } of decodeSplits(own)) {
          const name = `${topic}/${partition}`
          readers.set(name, (readers.get(name) ?? 0) + 1)
        }
      }
      const { assigned, pending } = decodeCoordinatedSplits(state)
      const wrong = [
        ...assigned.filter((split) => readers.get(split) !== 1),
        ...pending.filter((split) => readers.has(split)),
      ]
      for (const split of wrong) {
        const given = assigned.includes(split) ? 'given away' : 'kept'
        const message =
          `In checkpoint ${checkpoint} the coordinator of "${uid}" has ${split} as ${given}, ` +
          `and ${readers.get(split) ?? 0} readers have it.`
        this.#findings.push({ invariant: 'F-I9', message, seq })
      }
    }
  }
}

function objectsOf({ keyed, channels }: SnapshotHandle): readonly StoredObject[] {
  const own = keyed === null ? [] : [...keyed.exclusive, ...keyed.shared]
  return channels === null ? own : [...own, channels]
}

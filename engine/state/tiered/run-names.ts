/**
 * Under which objects the runs of snapshots lie. A snapshot names what its base checkpoint named, and writes the rest:
 * an object of a checkpoint that was aborted, or may still be, is never named again (FLINK-25395).
 * Must not know backends. Source: Flink RocksIncrementalSnapshotStrategy, uploadedSstFiles.
 */

import type { StoredObject } from '../../checkpoint/snapshot-handle.ts'
import type { CheckpointId } from '../../ids.ts'
import type { Run } from '../keyed-state-backend.ts'

type Names = Map<Run, StoredObject>

export class RunNames {
  readonly #sharesAborted: boolean
  readonly #byCheckpoint = new Map<CheckpointId, Names>()

  /** `sharesAborted`: the mutant A-21, objects are named again before their checkpoint is completed. */
  constructor(sharesAborted = false) {
    this.#sharesAborted = sharesAborted
  }

  /** The checkpoint named the run like this. */
  add(checkpoint: CheckpointId, run: Run, object: StoredObject): void {
    const names = this.#byCheckpoint.get(checkpoint) ?? new Map<Run, StoredObject>()
    names.set(run, object)
    this.#byCheckpoint.set(checkpoint, names)
  }

  /** What a snapshot may name again. Bases never go back: what older checkpoints named is forgotten. */
  startingFrom(base: CheckpointId | null): ReadonlyMap<Run, StoredObject> {
    if (this.#sharesAborted) {
      return new Map([...this.#byCheckpoint.values()].flatMap((names) => [...names]))
    }
    if (base === null) return new Map()
    for (const checkpoint of this.#byCheckpoint.keys()) {
      if (checkpoint < base) this.#byCheckpoint.delete(checkpoint)
    }
    return this.#byCheckpoint.get(base) ?? new Map<Run, StoredObject>()
  }
}

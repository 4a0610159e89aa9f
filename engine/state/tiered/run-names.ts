/**
 * Under which objects the runs of snapshots lie. A snapshot names what its base checkpoint named, and writes the rest:
 * an object of a checkpoint that was aborted, or may still be, is never named again (FLINK-25395).
 * Must not know backends. Source: Flink RocksIncrementalSnapshotStrategy, uploadedSstFiles.
 */

import type { StoredObject } from '../../checkpoint/snapshot-handle.ts'
import type { CheckpointId } from '../../ids.ts'
import type { StoredRun } from '../keyed-state-backend.ts'
import type { SortedRun } from '../lsm/sorted-run.ts'

type Names = Map<SortedRun, StoredObject>

export class RunNames {
  readonly #sharesAborted: boolean
  readonly #byCheckpoint = new Map<CheckpointId, Names>()

  /** `sharesAborted`: the mutant A-21, objects are named again before their checkpoint is completed. */
  constructor(sharesAborted = false) {
    this.#sharesAborted = sharesAborted
  }

  /** The checkpoint named these. */
  add(checkpoint: CheckpointId, runs: readonly StoredRun[]): void {
    const names = this.#byCheckpoint.get(checkpoint) ?? new Map<SortedRun, StoredObject>()
    for (const { run, object } of runs) names.set(run, object)
    this.#byCheckpoint.set(checkpoint, names)
  }

  /** What a snapshot may name again. Bases never go back: what older checkpoints named is forgotten. */
  startingFrom(base: CheckpointId | null): ReadonlyMap<SortedRun, StoredObject> {
    if (this.#sharesAborted) {
      return new Map([...this.#byCheckpoint.values()].flatMap((names) => [...names]))
    }
    if (base === null) return new Map()
    for (const checkpoint of this.#byCheckpoint.keys()) {
      if (checkpoint < base) this.#byCheckpoint.delete(checkpoint)
    }
    return this.#byCheckpoint.get(base) ?? new Map<SortedRun, StoredObject>()
  }
}

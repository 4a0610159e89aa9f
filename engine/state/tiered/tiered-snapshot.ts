/**
 * A snapshot of a tiered backend: once the changes up to its moment are in the base store, what the base then holds.
 * As key groups, from a view of the base; or as its sorted runs, of which only new ones are written.
 */

import { assert } from '../../assert.ts'
import type { CheckpointId } from '../../ids.ts'
import type {
  KeyedStateSnapshot,
  KeyGroupSegment,
  OwnSnapshot,
  SnapshotPart,
  SnapshotRequest,
  Run,
} from '../keyed-state-backend.ts'
import { encodeManifest } from '../lsm/run-manifest.ts'
import { withoutExpired, type Expiry } from '../rows/expired-rows.ts'
import { segmentsOfRows } from '../rows/segment-rows.ts'
import type { StateInfo } from '../store-segment.ts'
import type { StoredObject } from '../../checkpoint/snapshot-handle.ts'
import type { BaseStore, BaseView } from './base-store.ts'
import type { RunNames } from './run-names.ts'

/** Where a base store has its runs. */
export interface RunSource {
  /** What the store holds at this moment, whatever is written afterwards. */
  freeze(): FrozenRuns
}

export interface FrozenRuns {
  /** Asking for the runs would have to wait until they are written. */
  readonly isPending: boolean
  /** Newest first. */
  readonly runs: readonly Run[]
  /** They must not be read any more. Idempotent. */
  release(): void
}

export interface TieredSnapshotOptions {
  readonly maxParallelism: number
  readonly states: readonly StateInfo[]
  /** What key groups leave out. */
  readonly expiries: ReadonlyMap<string, Expiry>
  readonly base: BaseStore
  readonly runs: RunSource | undefined
  readonly names: RunNames
  readonly request: SnapshotRequest | undefined
  /** Brings the changes up to the snapshot's moment into the base: a slice of it, or the rest. */
  readonly flush: (isToTheEnd: boolean) => FlushProgress
}

export interface FlushProgress {
  readonly isDone: boolean
  readonly bytes: number
}

const EVERYTHING = new Uint8Array(0)

export class TieredSnapshot implements KeyedStateSnapshot {
  readonly own: OwnSnapshot | null
  readonly #options: TieredSnapshotOptions
  #view: BaseView | null = null
  #runs: FrozenRuns | null = null
  #isReleased = false

  constructor(options: TieredSnapshotOptions) {
    this.#options = options
    const { request, runs } = options
    this.own = request === undefined || runs === undefined ? null : this.#ownSnapshot(request)
  }

  /** The base holds the moment of this snapshot, now and never again. */
  flushed(): void {
    if (this.#isReleased) return
    const { base, runs } = this.#options
    if (this.own === null) this.#view = base.view()
    else this.#runs = runs?.freeze() ?? null
  }

  *keyGroups(): Iterable<KeyGroupSegment> {
    assert(!this.#isReleased, 'A released snapshot is read.')
    assert(this.own === null, 'A snapshot of runs is read as key groups.')
    const { flush, states, maxParallelism, expiries } = this.#options
    flush(true)
    const all = this.#view?.scan(EVERYTHING) ?? []
    const rows = expiries.size === 0 ? all : withoutExpired(all, expiries)
    for (const segment of segmentsOfRows(states, rows, maxParallelism)) {
      yield segment
      assert(!this.#isReleased, `Key groups behind ${segment.keyGroup} were released.`)
    }
  }

  release(): void {
    this.#isReleased = true
    this.#view?.release()
    this.#view = null
    this.#runs?.release()
    this.#runs = null
  }

  #ownSnapshot({ checkpoint, base }: SnapshotRequest): OwnSnapshot {
    const { states, maxParallelism, names } = this.#options
    const known = names.startingFrom(base)
    return {
      format: 'runs',
      parts: () => this.#parts(checkpoint, known),
      manifest: () => encodeManifest({ version: 1, maxParallelism, states }),
    }
  }

  *#parts(checkpoint: CheckpointId, known: ReadonlyMap<Run, StoredObject>): Iterable<SnapshotPart> {
    const { flush, names } = this.#options
    for (let isDone = false; !isDone;) {
      const progress = flush(false)
      isDone = progress.isDone
      if (progress.bytes > 0) yield { type: 'work', bytes: progress.bytes }
    }
    while (this.#runs?.isPending === true) yield { type: 'wait' }
    for (const run of this.#runs?.runs ?? []) {
      const object = known.get(run)
      if (object !== undefined) {
        names.add(checkpoint, run, object)
        yield { type: 'stored', object }
        continue
      }
      yield {
        type: 'new',
        pieces: [run.bytes],
        checksum: run.checksum,
        onStored: (stored) => {
          names.add(checkpoint, run, stored)
        },
      }
    }
  }
}

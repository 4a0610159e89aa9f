/**
 * A log-structured merge tree over immutable sorted runs. A batch becomes a new run; reads ask the runs from the newest
 * to the oldest; compaction merges runs of similar size in bounded slices, so that reads meet few of them.
 * Must not know states, checkpoints, or the memory tables above it.
 * Invariants: runs are ordered by age, each newer than all behind it; a run never changes; removals are forgotten only
 * where no older run could bring the row back.
 * Source: O'Neil et al., The Log-Structured Merge-Tree; size-tiered compaction as in Cassandra.
 */

import { assert } from '../../assert.ts'
import type { Run } from '../keyed-state-backend.ts'
import type { RowChange } from '../rows/row-change.ts'
import type { BaseBatch, BaseStore, BaseView } from '../tiered/base-store.ts'
import type { FrozenRuns } from '../tiered/tiered-snapshot.ts'
import { filterHash } from './key-filter.ts'
import { mergeChanges, mergeRows } from './merge-runs.ts'
import { RunBuilder, type SortedRun } from './sorted-run.ts'

const MERGE_MIN = 4
/** A run is of similar size when it is not more than so many times as large as all newer ones together. */
const SIZE_RATIO = 2
/** However large they are, there are never more runs than so many times those that are merged for long. */
const RUNS_FACTOR = 3

interface Compaction {
  /** Newest first, neighbors. */
  readonly inputs: readonly SortedRun[]
  readonly changes: Iterator<RowChange>
  readonly builder: RunBuilder
}

export class LsmStore implements BaseStore {
  readonly #mergeMin: number
  #runs: readonly SortedRun[] = []
  #compaction: Compaction | null = null

  /** `mergeMin`: so many runs of similar size are merged into one. Default 4; more of them mean less work, and slower reads. */
  constructor(mergeMin = MERGE_MIN) {
    this.#mergeMin = mergeMin
  }

  /** The runs that together are the store, newest first. */
  get runs(): readonly SortedRun[] {
    return this.#runs
  }

  get sizeBytes(): number {
    return this.#runs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  }

  get(key: Uint8Array): Uint8Array | undefined {
    const hash = filterHash(key)
    for (const run of this.#runs) {
      const value = run.get(key, hash)
      if (value !== undefined) return value ?? undefined
    }
    return undefined
  }

  batch(): BaseBatch {
    const builder = new RunBuilder()
    return {
      put: (change) => {
        builder.add(change)
      },
      commit: () => {
        if (builder.count > 0) this.#runs = [builder.finish(), ...this.#runs]
      },
    }
  }

  view(): BaseView {
    const runs = this.#runs
    return {
      scan: (prefix) => mergeRows(runs.map((run) => run.scan(prefix))),
      release: () => undefined,
    }
  }

  freeze(): FrozenRuns {
    const runs = this.#runs
    return { runs, isPending: false, release: () => undefined }
  }

  /** Takes over a run of a snapshot as older than all that are here. */
  adopt(run: SortedRun): Run {
    this.#runs = [...this.#runs, run]
    return run
  }

  maintain(bytesMax: number): number {
    this.#compaction ??= this.#planCompaction()
    const compaction = this.#compaction
    if (compaction === null) return 0
    const { builder, changes } = compaction
    const isToTheEnd = this.#runs.at(-1) === compaction.inputs.at(-1)
    let bytes = 0
    while (bytes < bytesMax) {
      const next = changes.next()
      if (next.done === true) {
        this.#endCompaction(compaction)
        break
      }
      const { key, value } = next.value
      bytes += key.length + (value?.length ?? 0)
      if (value !== null || !isToTheEnd) builder.add(next.value)
    }
    return Math.max(1, bytes)
  }

  close(): void {
    this.#runs = []
    this.#compaction = null
  }

  #planCompaction(): Compaction | null {
    const count = this.#mergeable()
    if (count === 0) return null
    const inputs = this.#runs.slice(0, count)
    const all = new Uint8Array(0)
    const changes = mergeChanges(inputs.map((run) => run.scan(all)))[Symbol.iterator]()
    return { inputs, changes, builder: new RunBuilder() }
  }

  /** How many of the newest runs are to be merged. */
  #mergeable(): number {
    let newer = 0
    let count = 0
    for (const { sizeBytes } of this.#runs) {
      if (count > 0 && sizeBytes > newer * SIZE_RATIO) break
      newer += sizeBytes
      count += 1
    }
    if (count >= this.#mergeMin) return count
    return this.#runs.length > this.#mergeMin * RUNS_FACTOR ? this.#runs.length : 0
  }

  /** Runs that were written meanwhile are newer than the inputs. */
  #endCompaction({ inputs, builder }: Compaction): void {
    const [first] = inputs
    const at = this.#runs.findIndex((run) => run === first)
    assert(at >= 0, 'A run was lost while it was compacted.')
    const merged = builder.count === 0 ? [] : [builder.finish()]
    this.#runs = [...this.#runs.slice(0, at), ...merged, ...this.#runs.slice(at + inputs.length)]
    this.#compaction = null
  }
}

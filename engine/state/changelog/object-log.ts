/**
 * A log of changes in the snapshot storage: what changed between two checkpoints is a sorted run, an object that later
 * checkpoints name again. An object of a checkpoint that was aborted, or may still be, is never named again: until a
 * completed checkpoint names them, changes stay in memory, and the next snapshot writes them once more (FLINK-25395).
 * Must not know the storage. Source: Flink FsStateChangelogWriter.
 */

import { assert } from '../../assert.ts'
import type { StoredObject } from '../../checkpoint/snapshot-handle.ts'
import type { CheckpointId } from '../../ids.ts'
import type { SnapshotPart, SnapshotRequest } from '../keyed-state-backend.ts'
import { mergeChanges } from '../lsm/merge-runs.ts'
import { RunBuilder, type SortedRun } from '../lsm/sorted-run.ts'
import type { RowChange } from '../rows/row-change.ts'
import type { BatchSize, LogLine, LogPart, StateLog } from './state-log.ts'

/** The changes up to a line, in an object. */
interface Segment {
  readonly to: LogLine
  readonly object: StoredObject
}

/** What a checkpoint named. */
interface Named {
  readonly to: LogLine
  /** Oldest first. */
  readonly segments: readonly Segment[]
}

interface Batch {
  readonly line: LogLine
  readonly run: SortedRun
}

const EVERYTHING = new Uint8Array(0)
const NOTHING: Named = { to: 0, segments: [] }

export class ObjectLog implements StateLog {
  readonly #named = new Map<CheckpointId, Named>()
  readonly #open = new Set<ObjectPart>()
  /** Oldest first: what no completed checkpoint names yet. */
  #unnamed: readonly Batch[] = []
  /** Up to here completed checkpoints name everything. */
  #confirmed: LogLine = 0

  write(line: LogLine, _checkpoint: CheckpointId, changes: Iterable<RowChange>): BatchSize {
    const builder = new RunBuilder()
    for (const change of changes) builder.add(change)
    const { count } = builder
    if (count === 0) return { count, bytes: 0 }
    const batch = { line, run: builder.finish() }
    this.#unnamed = [...this.#unnamed, batch]
    for (const part of this.#open) part.take(batch)
    return { count, bytes: batch.run.sizeBytes }
  }

  reaches(from: LogLine, base: CheckpointId | null): boolean {
    return from >= this.#confirmed || (base !== null && this.#named.has(base))
  }

  between(from: LogLine, to: LogLine, { checkpoint, base }: SnapshotRequest): LogPart {
    assert(this.reaches(from, base), `Checkpoint ${checkpoint} needs changes that are forgotten.`)
    const known = (base === null ? undefined : this.#named.get(base)) ?? NOTHING
    if (base !== null) this.#confirm(base, known.to)
    const part = new ObjectPart({
      after: Math.max(from, known.to),
      to,
      kept: known.segments.filter((segment) => segment.to > from),
      onNamed: (segments) => {
        this.#named.set(checkpoint, { to, segments })
      },
      onReleased: () => {
        this.#open.delete(part)
      },
    })
    for (const batch of this.#unnamed) part.take(batch)
    this.#open.add(part)
    return part
  }

  divide(): void {
    // Segments do not depend on each other.
  }

  truncate(before: LogLine): void {
    this.#unnamed = this.#unnamed.filter(({ line }) => line > before)
  }

  /** Bases never go back: what older checkpoints named is forgotten. */
  #confirm(base: CheckpointId, to: LogLine): void {
    for (const checkpoint of this.#named.keys()) {
      if (checkpoint < base) this.#named.delete(checkpoint)
    }
    this.#confirmed = Math.max(this.#confirmed, to)
    this.truncate(this.#confirmed)
  }
}

interface PartOptions {
  /** Behind this line objects have to be written. */
  readonly after: LogLine
  readonly to: LogLine
  readonly kept: readonly Segment[]
  readonly onNamed: (segments: readonly Segment[]) => void
  readonly onReleased: () => void
}

class ObjectPart implements LogPart {
  readonly #options: PartOptions
  /** Oldest first. */
  readonly #rest: SortedRun[] = []

  constructor(options: PartOptions) {
    this.#options = options
  }

  take({ line, run }: Batch): void {
    if (line > this.#options.after && line <= this.#options.to) this.#rest.push(run)
  }

  *parts(): Iterable<SnapshotPart> {
    const { kept, to, onNamed } = this.#options
    if (this.#rest.length === 0) {
      onNamed(kept)
    } else {
      const run = joined(this.#rest.toReversed())
      yield { type: 'work', bytes: run.sizeBytes }
      yield {
        type: 'new',
        pieces: [run.bytes],
        checksum: run.checksum,
        onStored: (object) => {
          onNamed([...kept, { to, object }])
        },
      }
    }
    for (const { object } of kept.toReversed()) yield { type: 'stored', object }
  }

  whenWritten(onWritten: (failure: string | null) => void): void {
    onWritten(null)
  }

  range(): null {
    return null
  }

  release(): void {
    this.#options.onReleased()
  }
}

/** Newest first, as one. */
function joined(runs: readonly SortedRun[]): SortedRun {
  const [only] = runs
  if (runs.length === 1 && only !== undefined) return only
  const builder = new RunBuilder()
  for (const change of mergeChanges(runs.map((run) => run.scan(EVERYTHING)))) builder.add(change)
  return builder.finish()
}

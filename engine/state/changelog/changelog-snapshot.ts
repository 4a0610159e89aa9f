/**
 * The two kinds of snapshots of a changelog backend: a whole state that is stored already and the changes behind it; or a
 * whole state that the snapshot itself writes. Must not know the backend's tables or the kind of the log.
 */

import { assert, present } from '../../assert.ts'
import type {
  KeyedStateSnapshot,
  KeyGroupSegment,
  OwnSnapshot,
  SnapshotPart,
  SnapshotRequest,
} from '../keyed-state-backend.ts'
import { encodeManifest } from '../lsm/run-manifest.ts'
import type { StateInfo } from '../store-segment.ts'
import { encodeWhole } from './encode-whole.ts'
import type { LogPart } from './state-log.ts'
import type { WholeState } from './whole-states.ts'

export interface StoredWhole {
  readonly type: 'stored'
  readonly part: LogPart
  /** Writes a slice of the changes up to the snapshot's line; how many bytes, 0 when all are written. */
  readonly advance: () => number
  onWritten(): void
}

export interface NewWhole {
  readonly type: 'new'
  readonly snapshot: KeyedStateSnapshot
  readonly onStored: (sizeBytes: number) => void
}

export interface ChangelogSnapshotOptions {
  readonly request: SnapshotRequest
  readonly maxParallelism: number
  readonly whole: WholeState
  readonly content: StoredWhole | NewWhole
  readonly states: () => readonly StateInfo[]
}

export class ChangelogSnapshot implements KeyedStateSnapshot {
  readonly own: OwnSnapshot | null
  readonly #options: ChangelogSnapshotOptions
  #isWritten = false

  constructor(options: ChangelogSnapshotOptions) {
    this.#options = options
    const { content } = options
    this.own = {
      format: 'changelog',
      parts: () => (content.type === 'new' ? this.#newParts(content) : this.#storedParts(content)),
      whenWritten: (onWritten) => {
        if (content.type === 'new') onWritten(null)
        else content.part.whenWritten(onWritten)
      },
      manifest: () => this.#manifest(),
    }
  }

  keyGroups(): Iterable<KeyGroupSegment> {
    assert(this.own === null, 'A snapshot of changes is read as key groups.')
    return []
  }

  release(): void {
    const { content, request, whole } = this.#options
    if (content.type === 'new') content.snapshot.release()
    else content.part.release()
    if (!this.#isWritten) whole.forget(request.checkpoint)
  }

  *#newParts({ snapshot, onStored }: NewWhole): Iterable<SnapshotPart> {
    const { whole, request } = this.#options
    const steps = encodeWhole(snapshot)
    for (;;) {
      const step = steps.next()
      if (step.done !== true) {
        yield { type: 'work', bytes: step.value }
        continue
      }
      const run = step.value
      snapshot.release()
      if (run === null) {
        whole.objects = []
        return
      }
      yield {
        type: 'new',
        pieces: [run.bytes],
        checksum: run.checksum,
        onStored: (object) => {
          whole.objects = [object]
          whole.name(request.checkpoint)
          onStored(object.sizeBytes)
        },
      }
      return
    }
  }

  *#storedParts({ part, advance }: StoredWhole): Iterable<SnapshotPart> {
    for (let bytes = advance(); bytes > 0; bytes = advance()) yield { type: 'work', bytes }
    yield* part.parts()
    const objects = present(this.#options.whole.objects, 'A whole state that is named is stored.')
    for (const object of objects) yield { type: 'stored', object }
  }

  #manifest(): Uint8Array {
    const { content, maxParallelism, states } = this.#options
    this.#isWritten = true
    if (content.type === 'stored') content.onWritten()
    const log = content.type === 'stored' ? content.part.range() : null
    return encodeManifest({ version: 1, maxParallelism, states: states(), log })
  }
}

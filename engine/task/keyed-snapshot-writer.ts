/**
 * Writes the keyed state of one snapshot: encodes it a slice at a time, then stores its objects. In the backend's own
 * format, if it has one, else as one object of key groups. Must not know barriers, operators or the job master.
 * Invariant: what was stored and not acknowledged is deleted; what was acknowledged belongs to the job master.
 */
import { encodeSnapshotObject, snapshotChecksum } from '../checkpoint/snapshot-format.ts'
import type { KeyedStateHandle, StoredObject } from '../checkpoint/snapshot-handle.ts'
import type { CheckpointId } from '../ids.ts'
import type {
  KeyedStateSnapshot,
  KeyGroupSegment,
  OwnSnapshot,
  SnapshotPart,
} from '../state/keyed-state-backend.ts'
import type { SubtaskEnvironment } from './subtask-environment.ts'

/** What a slice did. */
export interface EncodedSlice {
  readonly bytes: number
  readonly isLast: boolean
}

export type StoredKeyedState =
  | {
      readonly type: 'stored'
      readonly handle: KeyedStateHandle
      /** Of what was written now. */
      readonly writtenBytes: number
    }
  | { readonly type: 'failed'; readonly reason: string }

type NewPart = Extract<SnapshotPart, { type: 'new' }>

interface Upload {
  readonly pieces: readonly Uint8Array[]
  readonly object: StoredObject
  readonly onStored: (object: StoredObject) => void
}

export class KeyedSnapshotWriter {
  readonly #env: SubtaskEnvironment
  readonly #checkpoint: CheckpointId
  readonly #location: string
  readonly #snapshot: KeyedStateSnapshot
  readonly #parts: Iterator<SnapshotPart>
  /** The objects of the handle, in order. */
  readonly #objects: StoredObject[] = []
  readonly #uploads: Upload[] = []
  readonly #stored: StoredObject[] = []
  #isOver = false

  /** `location`: the prefix of its objects, when it is a savepoint's. */
  constructor(
    env: SubtaskEnvironment,
    checkpoint: CheckpointId,
    snapshot: KeyedStateSnapshot,
    location = `chk-${checkpoint}`,
  ) {
    this.#env = env
    this.#location = location
    this.#checkpoint = checkpoint
    this.#snapshot = snapshot
    this.#parts = (snapshot.own?.parts() ?? this.#keyGroupParts())[Symbol.iterator]()
  }

  /** Encodes about so many bytes. */
  encode(bytesMax: number): EncodedSlice {
    let bytes = 0
    while (bytes < bytesMax) {
      const next = this.#parts.next()
      if (next.done === true) return { bytes, isLast: true }
      if (next.value.type === 'wait') break
      bytes += this.#take(next.value)
    }
    return { bytes, isLast: false }
  }

  /** Stores what was encoded, all of it at the same time; calls back once, unless it was discarded. */
  store(onResult: (result: StoredKeyedState) => void): void {
    const { own } = this.#snapshot
    if (own?.whenWritten === undefined) {
      this.#storeObjects(own, onResult)
      return
    }
    own.whenWritten((reason) => {
      if (this.#isOver) return
      if (reason === null) {
        this.#storeObjects(own, onResult)
        return
      }
      this.discard()
      onResult({ type: 'failed', reason })
    })
  }

  #storeObjects(own: OwnSnapshot | null, onResult: (result: StoredKeyedState) => void): void {
    const manifest = own?.manifest() ?? null
    this.#snapshot.release()
    const writtenBytes = this.#uploads.reduce((sum, { object }) => sum + object.sizeBytes, 0)
    const { copies, deployment } = this.#env
    const { subtask, attempt } = deployment
    const end = (): void => {
      this.#isOver = true
      copies?.name(subtask, this.#checkpoint, this.#objects)
      onResult({ type: 'stored', handle: this.#handle(own, manifest), writtenBytes })
    }
    let missing = this.#uploads.length
    if (missing === 0) end()
    for (const { pieces, object, onStored } of this.#uploads) {
      this.#env.storage.put(object.key, pieces, (result) => {
        if (this.#isOver) {
          if (result.type === 'ok') this.#env.storage.delete(object.key)
          return
        }
        if (result.type !== 'ok') {
          this.discard()
          onResult({ type: 'failed', reason: result.reason })
          return
        }
        this.#stored.push(object)
        copies?.keep(subtask, attempt, object, pieces)
        onStored(object)
        missing -= 1
        if (missing === 0) end()
      })
    }
  }

  /** The checkpoint is over: what was stored is of no use. Does nothing once everything was stored. */
  discard(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#snapshot.release()
    for (const { key } of this.#stored) this.#env.storage.delete(key)
  }

  #handle(own: OwnSnapshot | null, manifest: Uint8Array | null): KeyedStateHandle {
    const objects = this.#objects
    if (own === null) return { format: 'key-groups', manifest, exclusive: objects, shared: [] }
    return { format: own.format, manifest, exclusive: [], shared: objects }
  }

  /** How much work the part was. */
  #take(part: Exclude<SnapshotPart, { type: 'wait' }>): number {
    switch (part.type) {
      case 'work':
        return part.bytes
      case 'stored':
        this.#objects.push(part.object)
        return 0
      case 'new': {
        const object = this.#objectOf(part)
        this.#objects.push(object)
        this.#uploads.push({ pieces: part.pieces, object, onStored: part.onStored })
        return 0
      }
    }
  }

  #objectOf({ pieces, checksum }: NewPart): StoredObject {
    const { subtask, attempt } = this.#env.deployment
    const name = `${subtask.replaceAll('/', '-')}-${attempt}`
    const key =
      this.#snapshot.own === null
        ? `${this.#location}/${name}`
        : `shared/${name}-${this.#checkpoint}-${this.#uploads.length}`
    return { key, sizeBytes: pieces.reduce((sum, { length }) => sum + length, 0), checksum }
  }

  *#keyGroupParts(): Iterable<SnapshotPart> {
    const segments: KeyGroupSegment[] = []
    for (const segment of this.#snapshot.keyGroups()) {
      segments.push(segment)
      yield { type: 'work', bytes: segment.bytes.length }
    }
    const whole = encodeSnapshotObject(segments)
    const isCut = whole.length > 2 && this.#env.mutants.active('snapshot-truncated')
    const pieces = isCut ? whole.slice(0, -1) : whole
    const checksum = snapshotChecksum(pieces)
    yield { type: 'new', pieces, checksum, onStored: () => undefined }
  }
}

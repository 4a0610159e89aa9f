// Where tests keep the objects of snapshots in a backend's own format.

import type { StoredObject } from '../../../engine/checkpoint/snapshot-handle.ts'
import type { CheckpointId } from '../../../engine/ids.ts'
import type { KeyedStateBackend, OwnSnapshot } from '../../../engine/state/keyed-state-backend.ts'
import { decodeManifest } from '../../../engine/state/lsm/run-manifest.ts'
import { SortedRun } from '../../../engine/state/lsm/sorted-run.ts'

interface Put {
  readonly objects: readonly StoredObject[]
  readonly manifest: Uint8Array
  /** Of the objects that were not there before. */
  readonly writtenBytes: number
}

export class ObjectStore {
  readonly #objects = new Map<string, Uint8Array>()
  readonly #put = new Map<OwnSnapshot, Put>()

  /** Writes the snapshot, unless it was written before. */
  put(own: OwnSnapshot): Put {
    const known = this.#put.get(own)
    if (known !== undefined) return known
    const objects: StoredObject[] = []
    let writtenBytes = 0
    for (const part of own.parts()) {
      if (part.type === 'stored') objects.push(part.object)
      if (part.type !== 'new') continue
      const bytes = new Uint8Array(part.pieces.flatMap((piece) => [...piece]))
      const key = `run-${this.#objects.size}`
      this.#objects.set(key, bytes)
      const object = { key, sizeBytes: bytes.length, checksum: part.checksum }
      writtenBytes += bytes.length
      objects.push(object)
      part.onStored(object)
    }
    const put = { objects, manifest: own.manifest(), writtenBytes }
    this.#put.set(own, put)
    return put
  }

  restore(own: OwnSnapshot, target: KeyedStateBackend, checkpoint: CheckpointId): void {
    const { objects, manifest } = this.put(own)
    const decoded = decodeManifest(manifest)
    if (typeof decoded === 'string') throw new Error(decoded)
    const runs = objects.map((object) => {
      const bytes = this.#objects.get(object.key)
      if (bytes === undefined) throw new Error(`${object.key} was never written.`)
      const run = SortedRun.decode(bytes, object.checksum)
      if (typeof run === 'string') throw new Error(run)
      return { run, object }
    })
    target.restoreRuns(decoded.states, runs, checkpoint)
  }
}

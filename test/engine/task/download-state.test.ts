// Where a restore takes the objects of its state from: intact copies of the worker's own, else the snapshot storage.

import { describe, expect, test } from 'vitest'
import {
  encodeSnapshotObject,
  sealPieces,
  snapshotChecksum,
} from '../../../engine/checkpoint/snapshot-format.ts'
import type { KeyedStateHandle, StoredObject } from '../../../engine/checkpoint/snapshot-handle.ts'
import { attemptId, checkpointId, subtaskId } from '../../../engine/ids.ts'
import { buildJobGraph } from '../../../engine/job/job-graph.ts'
import { Mutants } from '../../../engine/mutants.ts'
import type { StoragePort } from '../../../engine/runtime.ts'
import { downloadState, type DownloadedState } from '../../../engine/task/download-state.ts'
import { LocalCopies, memoryCopies, type CopyStore } from '../../../engine/task/local-copies.ts'
import type { SubtaskEnvironment } from '../../../engine/task/subtask-environment.ts'
import { jobNamed } from '../../golden/jobs.ts'
import { FakeRuntime } from '../fake-runtime.ts'
import { NO_BROKER, NO_FILES, NO_SERVICES } from '../operator-context.ts'

const graph = buildJobGraph(jobNamed('traffic-statistics'), {})
const [vertex] = graph.vertices
if (vertex === undefined) throw new Error('The job has no vertex.')

const one = checkpointId(1)
const two = checkpointId(2)
const subtask = subtaskId(vertex.id, 0)
const attempt = attemptId(1)
const owner = { subtask, attempt }

/** An object of one key group, whose state is not looked at. */
function objectOf(key: string, content: number): readonly [StoredObject, readonly Uint8Array[]] {
  const pieces = encodeSnapshotObject([sealPieces(1, [new Uint8Array(20).fill(content)])])
  const sizeBytes = pieces.reduce((sum, { length }) => sum + length, 0)
  return [{ key, sizeBytes, checksum: snapshotChecksum(pieces) }, pieces]
}

const [object, pieces] = objectOf('chk-1/sum-0', 7)
const [other, otherPieces] = objectOf('chk-2/sum-0', 8)

/** A storage that counts what is read from it. */
function storageOf(reads: string[]): StoragePort {
  const missing = { type: 'failed', reason: 'there is no such object' } as const
  return {
    ...memoryCopies(),
    list: (_, onResult) => onResult({ type: 'ok', value: [] }),
    get: (key, onResult) => {
      reads.push(key)
      const found = [object, other].find((each) => each.key === key)
      if (found === undefined) onResult(missing)
      else onResult({ type: 'ok', value: join(found === object ? pieces : otherPieces) })
    },
  }
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]))
}

function download(
  copies: LocalCopies | null,
  wanted: StoredObject,
  reads: string[] = [],
): DownloadedState {
  const handle: KeyedStateHandle = {
    format: 'key-groups',
    manifest: null,
    exclusive: [wanted],
    shared: [],
  }
  const checkpoint = wanted === object ? one : two
  const restore = { checkpoint, keyed: [handle], channels: [], operators: [] }
  if (vertex === undefined) throw new Error('The job has no vertex.')
  const env: SubtaskEnvironment = {
    graph,
    vertex,
    copies,
    storage: storageOf(reads),
    runtime: new FakeRuntime(),
    mutants: new Mutants(),
    broker: NO_BROKER,
    services: NO_SERVICES,
    files: NO_FILES,
    isStrict: false,
    deployment: {
      subtask,
      vertex: vertex.id,
      index: 0,
      restore,
      attempt,
      inputs: [],
      outputs: [],
    },
    provenance: { isOn: false, current: null },
    report: () => undefined,
  }
  const results: DownloadedState[] = []
  downloadState(env, restore, (result) => results.push(result))
  const [result] = results
  if (result === undefined) throw new Error('The download hangs.')
  return result
}

function copiesIn(store: CopyStore = memoryCopies()): LocalCopies {
  return new LocalCopies(store, new Mutants())
}

describe('a restore', () => {
  test('reads the storage where there are no copies', () => {
    const reads: string[] = []
    const result = download(null, object, reads)
    expect(result).toMatchObject({ sizeBytes: object.sizeBytes, localBytes: 0 })
    expect(reads).toEqual([object.key])
  })

  test('does not touch the storage if it has an own copy', () => {
    const copies = copiesIn()
    copies.keep(owner, object, pieces)
    copies.name(subtask, one, [object])
    const reads: string[] = []
    const result = download(copies, object, reads)
    expect(result).toMatchObject({ sizeBytes: object.sizeBytes, localBytes: object.sizeBytes })
    expect(reads).toEqual([])
  })

  test('reads the storage if any byte of the copy is another', () => {
    const whole = join(pieces)
    for (let at = 0; at < whole.length; at += 1) {
      const copies = copiesIn()
      copies.keep(owner, object, [whole.with(at, (whole[at] ?? 0) ^ 4)])
      copies.name(subtask, one, [object])
      const reads: string[] = []
      expect(download(copies, object, reads)).toMatchObject({ localBytes: 0 })
      expect(reads).toEqual([object.key])
    }
  })

  test('keeps what it read from the storage as a copy', () => {
    const copies = copiesIn()
    download(copies, object)
    expect(download(copies, object)).toMatchObject({ localBytes: object.sizeBytes })
  })

  test('of a checkpoint gives up the copies of all others', () => {
    const copies = copiesIn()
    for (const [checkpoint, each, content] of [
      [one, object, pieces],
      [two, other, otherPieces],
    ] as const) {
      copies.keep(owner, each, content)
      copies.name(subtask, checkpoint, [each])
    }
    download(copies, object)
    expect(download(copies, other)).toMatchObject({ localBytes: 0 })
  })

  test('says in one sentence what it cannot read', () => {
    expect(download(copiesIn(), { ...object, key: 'chk-3/gone' })).toEqual({
      type: 'failed',
      reason: 'The snapshot chk-3/gone of checkpoint 2 cannot be read: there is no such object.',
    })
  })
})

describe('copies', () => {
  /** What lies in the store of copies. */
  function filled(): readonly [LocalCopies, string[]] {
    const names: string[] = []
    const store: CopyStore = {
      put: (key, _, onResult) => {
        names.push(key)
        onResult({ type: 'ok', value: null })
      },
      get: (_, onResult) => onResult({ type: 'failed', reason: 'there is no such copy' }),
      delete: (key) => {
        names.splice(names.indexOf(key), 1)
      },
    }
    const copies = copiesIn(store)
    copies.keep(owner, object, pieces)
    copies.name(subtask, one, [object])
    copies.keep(owner, other, otherPieces)
    copies.name(subtask, two, [other])
    return [copies, names]
  }

  test('lie apart by subtask and attempt', () => {
    const [, names] = filled()
    expect(names).toEqual([`${subtask}/1/chk-1/sum-0`, `${subtask}/1/chk-2/sum-0`])
  })

  test('go when a newer checkpoint was completed', () => {
    const [copies, names] = filled()
    copies.completed(subtask, two)
    expect(names).toEqual([`${subtask}/1/chk-2/sum-0`])
  })

  test('go with the checkpoint that was aborted', () => {
    const [copies, names] = filled()
    copies.aborted(subtask, two)
    expect(names).toEqual([`${subtask}/1/chk-1/sum-0`])
  })

  test('stay while a newer checkpoint names the same object', () => {
    const [copies, names] = filled()
    copies.name(subtask, two, [object, other])
    copies.completed(subtask, two)
    expect(names).toHaveLength(2)
  })
})

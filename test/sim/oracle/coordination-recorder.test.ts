/** What a completed checkpoint leaves in the storage: each rule has a storage, made by hand, that breaks it. */
import { expect, test } from 'vitest'
import { encodeMetadata, metadataKey } from '../../../engine/checkpoint/checkpoint-metadata.ts'
import type { CheckpointMetadata } from '../../../engine/checkpoint/checkpoint-metadata.ts'
import { concatenate } from '../../../engine/concatenate.ts'
import {
  encodeSnapshotObject,
  sealPieces,
  snapshotChecksum,
} from '../../../engine/checkpoint/snapshot-format.ts'
import type { SnapshotHandle } from '../../../engine/checkpoint/snapshot-handle.ts'
import { attemptId, checkpointId, millis, subtaskId, vertexId } from '../../../engine/ids.ts'
import type { StorageKey } from '../../../engine/runtime.ts'
import { binary } from '../../../engine/serializer.ts'
import { encodeSplits } from '../../../engine/source/kafka-source-reader.ts'
import type { Fact } from '../../../engine/trace.ts'
import { CoordinationRecorder } from '../../../sim/history/coordination-recorder.ts'

const UID = 'lines'

/** A storage in which checkpoints are written by hand. */
class Checkpoints {
  readonly objects = new Map<StorageKey, Uint8Array>()
  readonly #recorder = new CoordinationRecorder({ peek: (key) => this.objects.get(key) })
  #seq = 0

  /** Each subtask of a checkpoint with the key groups of its state and the partitions it reads. */
  complete(
    id: number,
    subtasks: readonly { keyGroups?: readonly number[]; partitions?: readonly number[] }[],
    assigned: readonly number[],
  ): void {
    const checkpoint = checkpointId(id)
    const metadata: CheckpointMetadata = {
      checkpoint,
      kind: 'checkpoint',
      triggeredAt: 0,
      vertices: [],
      handles: subtasks.map(({ keyGroups = [], partitions = [] }, index) =>
        this.#handle(id, index, keyGroups, partitions),
      ),
      coordinators: [{ uid: UID, state: coordinatorState(assigned) }],
    }
    this.objects.set(metadataKey(checkpoint), encodeMetadata(metadata))
    this.observe({
      type: 'checkpoint-completed',
      checkpoint,
      kind: 'checkpoint',
      location: metadataKey(checkpoint),
      sizeBytes: 0,
      writtenBytes: 0,
      durationMs: 0,
    })
  }

  observe(fact: Fact): void {
    this.#recorder.observe({ ...fact, seq: this.#seq, at: millis(0), cause: -1 })
    this.#seq += 1
  }

  get findings(): string[] {
    return this.#recorder.findings.map(({ invariant, message }) => `${invariant}: ${message}`)
  }

  #handle(
    id: number,
    index: number,
    keyGroups: readonly number[],
    partitions: readonly number[],
  ): SnapshotHandle {
    const pieces = encodeSnapshotObject(
      keyGroups.map((keyGroup) => sealPieces(keyGroup, [new Uint8Array(4)])),
    )
    const key = `chk-${id}/sum-${index}`
    this.objects.set(key, concatenate(pieces))
    const object = { key, sizeBytes: 0, checksum: snapshotChecksum(pieces) }
    const splits = partitions.map((partition) => ({ topic: 'in', partition, offset: 0 }))
    return {
      subtask: subtaskId(vertexId('sum'), index),
      attempt: attemptId(1),
      keyed: { format: 'key-groups', manifest: null, exclusive: [object], shared: [] },
      channels: null,
      sizeBytes: 0,
      writtenBytes: 0,
      operators: [{ uid: UID, operatorState: [encodeSplits(splits)] }],
      metrics: {
        startDelayMs: 0,
        alignmentMs: 0,
        syncMs: 0,
        asyncMs: 0,
        processedBytes: 0,
        persistedBytes: 0,
        isUnaligned: false,
      },
    }
  }
}

/** Of three partitions: those that were given away, the others wait. */
function coordinatorState(assigned: readonly number[]): Uint8Array {
  const pending = [0, 1, 2].filter((partition) => !assigned.includes(partition))
  return binary.encode({
    source: 0,
    point: null,
    discovered: [],
    assigned: assigned.map((partition) => `in/${partition}`),
    pending: pending.map((partition) => ({ topic: 'in', partition, offset: 0 })),
  })
}

const SOUND = [
  { keyGroups: [0, 1], partitions: [0, 1] },
  { keyGroups: [2, 3], partitions: [2] },
]
const ALL = [0, 1, 2]

test('sound checkpoints, one of them subsumed and deleted, break nothing', () => {
  const storage = new Checkpoints()
  storage.complete(1, SOUND, ALL)
  storage.complete(2, SOUND, ALL)
  storage.observe({ type: 'checkpoint-subsumed', checkpoint: checkpointId(1) })
  storage.objects.delete('chk-1/sum-0')
  storage.complete(3, SOUND, ALL)
  expect(storage.findings).toEqual([])
})

test('a key group with two owners breaks S3', () => {
  const storage = new Checkpoints()
  storage.complete(1, [{ keyGroups: [0, 1], partitions: ALL }, { keyGroups: [1, 2] }], ALL)
  expect(storage.findings).toEqual(['S3: In checkpoint 1 key group 1 is in sum/0 and in sum/1.'])
})

test('a split that was given away and is read by nobody, or by two, breaks F-I9', () => {
  const storage = new Checkpoints()
  storage.complete(1, [{ partitions: [0] }, { partitions: [0, 2] }], ALL)
  expect(storage.findings).toEqual([
    'F-I9: In checkpoint 1 the coordinator of "lines" has in/0 as given away, and 2 readers have it.',
    'F-I9: In checkpoint 1 the coordinator of "lines" has in/1 as given away, and 0 readers have it.',
  ])
})

test('a split that waits for its reader and is read breaks F-I9', () => {
  const storage = new Checkpoints()
  storage.complete(1, SOUND, [0, 1])
  expect(storage.findings).toEqual([
    'F-I9: In checkpoint 1 the coordinator of "lines" has in/2 as kept, and 1 readers have it.',
  ])
})

test('a retained checkpoint that lost an object breaks F-I10', () => {
  const storage = new Checkpoints()
  storage.complete(1, SOUND, ALL)
  storage.objects.delete('chk-1/sum-1')
  storage.complete(2, SOUND, ALL)
  expect(storage.findings).toEqual([
    'F-I10: Checkpoint 1 is retained, but its object chk-1/sum-1 is gone.',
  ])
})

/** The metadata of a checkpoint: all that a restore needs, guarded byte by byte. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type CheckpointMetadata,
  decodeMetadata,
  encodeMetadata,
  metadataKey,
} from '../../../engine/checkpoint/checkpoint-metadata.ts'
import { attemptId, checkpointId, subtaskId, vertexId } from '../../../engine/ids.ts'
import { seeded } from '../../seeded.ts'
import { NO_METRICS } from '../snapshot-handles.ts'

const bytes = fc.uint8Array({ maxLength: 20 })
const entry = fc.record({
  name: fc.string(),
  redistribution: fc.constantFrom('split' as const, 'union' as const),
  items: fc.array(bytes, { maxLength: 3 }),
})
const object = fc.record({
  key: fc.string(),
  sizeBytes: fc.nat(),
  checksum: fc.nat({ max: 0xffff_ffff }),
})
const handle = fc.record({
  subtask: fc.nat({ max: 9 }).map((index) => subtaskId(vertexId('sum'), index)),
  attempt: fc.nat({ max: 99 }).map(attemptId),
  keyed: fc.option(
    fc.record({
      format: fc.constantFrom('key-groups' as const, 'runs' as const),
      manifest: fc.option(bytes),
      exclusive: fc.array(object, { maxLength: 2 }),
      shared: fc.array(object, { maxLength: 2 }),
    }),
  ),
  channels: fc.option(object),
  sizeBytes: fc.nat(),
  writtenBytes: fc.nat(),
  metrics: fc.constant(NO_METRICS),
  operators: fc.array(
    fc.record({ uid: fc.string(), operatorState: fc.array(entry, { maxLength: 3 }) }),
    { maxLength: 3 },
  ),
})
const anyMetadata: fc.Arbitrary<CheckpointMetadata> = fc.record({
  checkpoint: fc.integer({ min: 1, max: 1_000_000 }).map(checkpointId),
  kind: fc.constantFrom('checkpoint' as const, 'savepoint' as const),
  triggeredAt: fc.nat({ max: 1_000_000 }).map((micros) => micros / 1000),
  vertices: fc.array(
    fc.record({
      vertex: fc.constant(vertexId('sum')),
      parallelism: fc.nat(),
      maxParallelism: fc.nat(),
      operators: fc.array(fc.string(), { maxLength: 2 }),
    }),
    { maxLength: 2 },
  ),
  handles: fc.array(handle, { maxLength: 3 }),
  coordinators: fc.array(fc.record({ uid: fc.string(), state: bytes }), { maxLength: 2 }),
})

test('for all metadata, what is decoded is what was encoded', () => {
  fc.assert(
    fc.property(anyMetadata, (metadata) => {
      expect(decodeMetadata(encodeMetadata(metadata))).toEqual(metadata)
      expect(decodeMetadata(encodeMetadata(metadata, 'a/b'), 'a/b')).toEqual(metadata)
    }),
    seeded(),
  )
})

test('for all metadata and every single byte, a changed byte is detected', () => {
  fc.assert(
    fc.property(anyMetadata, fc.nat(), fc.integer({ min: 1, max: 255 }), (metadata, at, flip) => {
      const encoded = encodeMetadata(metadata)
      const index = at % encoded.length
      encoded[index] = (encoded[index] ?? 0) ^ flip
      expect(decodeMetadata(encoded)).toMatch(/^(its checksum is wrong|it is not the metadata .*)$/)
    }),
    seeded(500),
  )
})

test('for all metadata, what is cut off is detected', () => {
  fc.assert(
    fc.property(anyMetadata, fc.nat(), (metadata, length) => {
      const encoded = encodeMetadata(metadata)
      expect(typeof decodeMetadata(encoded.subarray(0, length % encoded.length))).toBe('string')
    }),
    seeded(200),
  )
})

test('an empty object is no metadata', () => {
  expect(decodeMetadata(new Uint8Array(0))).toBe('it has only 0 bytes')
  expect(decodeMetadata(new Uint8Array(8))).toBe('it has only 8 bytes')
})

test('metadata of another checkpoint is noticed by its name', () => {
  const [metadata] = fc.sample(anyMetadata, 1)
  if (metadata === undefined) throw new Error('There is no sample.')
  const three = encodeMetadata({ ...metadata, checkpoint: checkpointId(3) })
  expect(decodeMetadata(three, 'chk-3/_metadata')).toEqual({ ...metadata, checkpoint: 3 })
  expect(decodeMetadata(three, 'chk-5/_metadata')).toBe(
    'it is the metadata that was stored as chk-3/_metadata',
  )
})

test('the object is named as in Flink', () => {
  expect(metadataKey(checkpointId(7))).toBe('chk-7/_metadata')
})

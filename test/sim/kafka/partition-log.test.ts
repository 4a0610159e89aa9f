/** The log of one partition by itself, with a high watermark that the test moves (K-R1 to K-R9, K-I1). */
import { expect, test } from 'vitest'
import type { ProducedBatch, StoredBatch } from '../../../engine/kafka/protocol.ts'
import { Mutants } from '../../../engine/mutants.ts'
import { batchHash, batchSizeBytes } from '../../../sim/kafka/batch-size.ts'
import { PartitionLog } from '../../../sim/kafka/partition-log.ts'
import { record } from './harness.ts'

const HUGE = 1_000_000

/** A log written in a few words: `write(1, 'xy')` is a batch of two records in producer 1's transaction. */
class TestLog {
  readonly log = new PartitionLog(new Mutants(), 1_000_000)
  readonly #sequences = new Map<number, number>()

  /** A transactional batch; each character is a record. */
  write(producerId: number, values: string): number {
    const baseSequence = this.#sequences.get(producerId) ?? 0
    const batch: ProducedBatch = {
      producerId,
      producerEpoch: 0,
      baseSequence,
      isTransactional: true,
      records: values.split('').map(record),
    }
    this.#sequences.set(producerId, baseSequence + values.length)
    return this.#offset(batch)
  }

  plain(values: string): number {
    const producer = { producerId: -1, producerEpoch: -1, baseSequence: -1, isTransactional: false }
    return this.#offset({ ...producer, records: values.split('').map(record) })
  }

  end(producerId: number, result: 'commit' | 'abort'): number {
    const marker = { producerId, producerEpoch: 0, coordinatorEpoch: 0, result }
    return this.log.appendMarker(marker, 0)?.baseOffset ?? -1
  }

  replicate(offset = this.log.logEndOffset): this {
    this.log.advanceHighWatermark(offset)
    return this
  }

  /** Base offsets of the batches that a fetch returns. */
  read(offset: number, maxBytes = HUGE, atLeastOne = true): number[] {
    const { batches } = this.log.read(offset, 'read_committed', maxBytes, atLeastOne)
    return batches.map((batch) => batch.baseOffset)
  }

  aborted(offset: number, maxBytes = HUGE): string[] {
    const read = this.log.read(offset, 'read_committed', maxBytes, true)
    return read.abortedTransactions.map((entry) => `${entry.producerId}@${entry.firstOffset}`)
  }

  #offset(batch: ProducedBatch): number {
    const result = this.log.append(batch, 'client', 0)
    return result.type === 'appended' ? result.batch.baseOffset : -1
  }
}

test('K-R1: batches get contiguous offsets, and a marker takes exactly one', () => {
  const t = new TestLog()
  expect(t.plain('abc')).toBe(0)
  expect(t.write(1, 'de')).toBe(3)
  expect(t.end(1, 'commit')).toBe(5)
  expect(t.log.batches[2]).toMatchObject({
    control: 'commit',
    isTransactional: true,
    producerId: 1,
    baseSequence: -1,
  })
  expect(t.plain('f')).toBe(6)
  expect(t.log.logEndOffset).toBe(7)
})

test('K-R2: nothing is visible above the high watermark, and the last stable offset never passes it', () => {
  const t = new TestLog()
  t.plain('ab')
  t.plain('c')
  expect([t.log.lastStableOffset, t.log.highWatermark, t.log.logEndOffset]).toEqual([0, 0, 3])
  t.replicate(2)
  expect([t.log.lastStableOffset, t.log.highWatermark, t.log.logEndOffset]).toEqual([2, 2, 3])
})

test('K-R2: the high watermark does not move back', () => {
  const t = new TestLog()
  t.plain('abc')
  t.replicate(3).replicate(1)
  expect(t.log.highWatermark).toBe(3)
  expect(() => t.replicate(4)).toThrow('not above the end')
})

test('K-R3: the first offset of the oldest open transaction bounds the last stable offset', () => {
  const t = new TestLog()
  t.plain('a')
  t.write(1, 'b')
  t.write(2, 'c')
  t.plain('d')
  t.replicate()
  expect(t.log.lastStableOffset).toBe(1)
  t.end(2, 'commit')
  t.replicate()
  expect(t.log.lastStableOffset).toBe(1)
  t.end(1, 'abort')
  t.replicate()
  expect(t.log.lastStableOffset).toBe(t.log.logEndOffset)
})

test('K-R3: a commit becomes visible only when its marker is below the high watermark', () => {
  const t = new TestLog()
  t.write(1, 'ab')
  t.replicate()
  t.end(1, 'commit')
  expect(t.log.lastStableOffset).toBe(0)
  t.replicate()
  expect(t.log.lastStableOffset).toBe(3)
})

test('K-R3: a marker above the high watermark holds back even what follows other transactions', () => {
  const t = new TestLog()
  t.write(1, 'a') // 0
  t.write(2, 'b') // 1
  t.end(2, 'commit') // 2
  t.end(1, 'commit') // 3
  t.replicate(3)
  expect(t.log.lastStableOffset).toBe(0)
  t.replicate(4)
  expect(t.log.lastStableOffset).toBe(4)
})

test('K-R4: a read at or above the visible bound is empty', () => {
  const t = new TestLog()
  t.plain('ab')
  t.write(1, 'c')
  t.replicate()
  expect(t.read(2)).toEqual([])
  expect(t.read(3)).toEqual([])
  expect(t.log.contains(3)).toBe(true)
  expect(t.log.contains(4)).toBe(false)
  expect(t.log.contains(-1)).toBe(false)
  const uncommitted = t.log.read(2, 'read_uncommitted', HUGE, true)
  expect(uncommitted.batches.map((batch) => batch.baseOffset)).toEqual([2])
})

test('K-R4: a batch that is replicated only in part is not returned', () => {
  const t = new TestLog()
  t.plain('ab')
  t.replicate(1)
  expect(t.log.read(0, 'read_committed', HUGE, true)).toEqual({
    batches: [],
    abortedTransactions: [],
    sizeBytes: 0,
  })
})

test('K-R5: aborted transactions come in the order of their abort markers', () => {
  const t = new TestLog()
  t.write(1, 'a')
  t.write(2, 'b')
  t.end(2, 'abort')
  t.end(1, 'abort')
  t.replicate()
  expect(t.aborted(0)).toEqual(['2@1', '1@0'])
})

test('K-R5: only transactions that reach into the returned bytes are listed', () => {
  const t = new TestLog()
  t.write(1, 'a') // 0
  t.end(1, 'abort') // 1
  t.write(2, 'b') // 2
  t.end(2, 'abort') // 3
  t.write(3, 'c') // 4
  t.end(3, 'abort') // 5
  t.replicate()
  expect(t.aborted(2, 1)).toEqual(['2@2'])
  expect(t.aborted(1, 1)).toEqual(['1@0'])
  expect(t.aborted(2)).toEqual(['2@2', '3@4'])
})

test('K-R5: a transaction whose abort marker lies beyond the returned bytes is listed', () => {
  const t = new TestLog()
  t.write(1, 'a') // 0
  t.plain('b') // 1
  t.end(1, 'abort') // 2
  t.replicate()
  expect(t.read(0, 1)).toEqual([0])
  expect(t.aborted(0, 1)).toEqual(['1@0'])
})

test('K-R5: a transaction that begins behind the returned bytes is not listed', () => {
  const t = new TestLog()
  t.plain('a') // 0
  t.write(1, 'b') // 1
  t.end(1, 'abort') // 2
  t.replicate()
  expect(t.aborted(0, 1)).toEqual([])
})

test('K-R5: readers of everything get no list', () => {
  const t = new TestLog()
  t.write(1, 'a')
  t.end(1, 'abort')
  t.replicate()
  expect(t.log.read(0, 'read_uncommitted', HUGE, true).abortedTransactions).toEqual([])
})

test('K-R7: an abort marker without data in this partition leaves no entry', () => {
  const t = new TestLog()
  t.plain('a')
  t.end(1, 'abort')
  t.replicate()
  expect(t.aborted(0)).toEqual([])
  expect(t.log.lastStableOffset).toBe(2)
})

test('K-R9: at least one whole batch comes back, however small the limit', () => {
  const t = new TestLog()
  t.plain('abcdefgh')
  t.plain('i')
  t.replicate()
  expect(t.read(0, 0)).toEqual([0])
  expect(t.read(0, 0, false)).toEqual([])
})

test('K-R9: a read inside a batch returns the batch from its beginning', () => {
  const t = new TestLog()
  t.plain('abc')
  t.plain('def')
  t.replicate()
  expect(t.read(2)).toEqual([0, 3])
  expect(t.read(3)).toEqual([3])
  expect(t.read(5)).toEqual([3])
})

test('K-R9: the limit cuts between batches', () => {
  const t = new TestLog()
  for (const value of 'abcdef') t.plain(value)
  t.replicate()
  const one = t.log.read(0, 'read_committed', 1, true).sizeBytes
  expect(t.read(1, one * 3)).toEqual([1, 2, 3])
  expect(t.read(1, one * 3 - 1)).toEqual([1, 2])
})

test('K-R26: a marker of an older epoch or of a replaced coordinator is refused', () => {
  const { log } = new TestLog()
  const marker = { producerId: 1, producerEpoch: 3, coordinatorEpoch: 2, result: 'abort' } as const
  expect(log.appendMarker(marker, 0)?.baseOffset).toBe(0)
  expect(log.appendMarker({ ...marker, producerEpoch: 2 }, 0)).toBeNull()
  expect(log.appendMarker({ ...marker, coordinatorEpoch: 1 }, 0)).toBeNull()
  expect(log.appendMarker({ ...marker, producerEpoch: 4 }, 0)?.baseOffset).toBe(1)
  expect(log.logEndOffset).toBe(2)
})

test('K-R26: a control record has the bytes of Kafka', () => {
  const { log } = new TestLog()
  const marker = { producerId: 1, producerEpoch: 0, coordinatorEpoch: 258 }
  const [commit] = log.appendMarker({ ...marker, result: 'commit' }, 7)?.records ?? []
  const [abort] = log.appendMarker({ ...marker, result: 'abort' }, 7)?.records ?? []
  expect([...(commit?.key ?? [])]).toEqual([0, 0, 0, 1])
  expect([...(abort?.key ?? [])]).toEqual([0, 0, 0, 0])
  expect([...(abort?.value ?? [])]).toEqual([0, 0, 0, 0, 1, 2])
})

test('the size of a batch is that of its header, its records and what they carry', () => {
  const bytes = (length: number): Uint8Array => new Uint8Array(length)
  const plain = { key: null, value: null, timestamp: 0, headers: [] }
  expect(batchSizeBytes([plain])).toBe(68)
  expect(batchSizeBytes([plain, { ...plain, key: bytes(10), value: bytes(100) }])).toBe(185)
  expect(batchSizeBytes([{ ...plain, headers: [{ key: 'abc', value: bytes(4) }] }])).toBe(77)
})

test('the hash of a batch changes with every part of it', () => {
  const hashes = new Set<number>()
  const batch: StoredBatch = {
    producerId: 1,
    producerEpoch: 0,
    baseSequence: 0,
    isTransactional: true,
    baseOffset: 0,
    control: null,
    records: [record('abcdefgh')],
  }
  const others: Partial<StoredBatch>[] = [
    {},
    { producerId: 2 },
    { producerEpoch: 1 },
    { baseOffset: 1 },
    { control: 'commit' },
    { control: 'abort' },
    { records: [record('abcdefgh'), record('')] },
    { records: [record('abcdefgh\0')] },
    { records: [record('abc')] },
    { records: [{ ...record('abcdefgh'), key: new Uint8Array(1) }] },
    ...[0, 1, 2, 3, 4, 5, 6, 7].map((i) => ({
      records: [record('abcdefgh'.slice(0, i) + 'x' + 'abcdefgh'.slice(i + 1))],
    })),
  ]
  for (const other of others) hashes.add(batchHash({ ...batch, ...other }))
  expect(hashes.size).toBe(others.length)
  expect(hashes).toContain(batchHash({ ...batch }))
})

test('an empty batch is a bug of its sender', () => {
  expect(() => new TestLog().plain('')).toThrow('at least one record')
})

/** Log compaction (K-R61) by itself and through fetches. A record `a1` has the key `a`; `a-` is a tombstone. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { recordOffset } from '../../../engine/kafka/batch-offsets.ts'
import type { RecordData } from '../../../engine/kafka/protocol.ts'
import { filterFetched } from '../../../engine/kafka/read-committed-filter.ts'
import { Mutants } from '../../../engine/mutants.ts'
import { PartitionLog } from '../../../sim/kafka/partition-log.ts'
import { Kafka, TOPIC, valueOf } from './harness.ts'

const DAY = 86_400_000
const POLICY = { minCompactionLagMs: 0, deleteRetentionMs: DAY }
const text = new TextEncoder()

function keyed(word: string, timestamp: number): RecordData {
  const [key = '', value = ''] = word
  return {
    key: text.encode(key),
    value: value === '-' ? null : text.encode(word),
    timestamp,
    headers: [],
  }
}

/** `write('tx a1 b1')`: producer tx, two records of its transaction; without a producer: `write('a1')`. */
class TestLog {
  readonly log: PartitionLog
  readonly #sequences = new Map<number, number>()
  now = 0

  constructor(mutants = new Mutants()) {
    this.log = new PartitionLog(mutants, 10 * DAY)
  }

  write(producerId: number, words: string): this {
    const baseSequence = this.#sequences.get(producerId) ?? 0
    const records = words.split(' ').map((word) => keyed(word, this.now))
    this.#sequences.set(producerId, baseSequence + records.length)
    const isTransactional = producerId >= 0
    const batch = { producerId, producerEpoch: 0, baseSequence, isTransactional, records }
    expect(this.log.append(batch, 'client', this.now).type).toBe('appended')
    this.log.advanceHighWatermark(this.log.logEndOffset)
    return this
  }

  plain(words: string): this {
    return this.write(-1, words)
  }

  end(producerId: number, result: 'commit' | 'abort'): this {
    const marker = { producerId, producerEpoch: 0, coordinatorEpoch: 0, result }
    expect(this.log.appendMarker(marker, this.now)).not.toBeNull()
    this.log.advanceHighWatermark(this.log.logEndOffset)
    return this
  }

  compact(policy = POLICY, isForced = true): number {
    return this.log.compact(this.now, policy, isForced)
  }

  /** What is in the log: `0:a1`, markers as `3:commit`, batches without records as `5:empty`. */
  content(): string[] {
    return this.log.batches.flatMap((batch) => {
      if (batch.control !== null) return [`${batch.baseOffset}:${batch.control}`]
      if (batch.records.length === 0) return [`${batch.baseOffset}:empty`]
      return batch.records.map((record, i) => `${recordOffset(batch, i)}:${wordOf(record)}`)
    })
  }

  /** What a read_committed client sees from an offset on. */
  read(from = 0): string[] {
    const seen: string[] = []
    for (let at = from; ;) {
      const fetched = this.log.read(at, 'read_committed', 1, true)
      if (fetched.batches.length === 0) return seen
      const { records, nextOffset } = filterFetched(fetched, at, 'read_committed')
      seen.push(...records.map(({ offset, record }) => `${offset}:${wordOf(record)}`))
      expect(nextOffset).toBeGreaterThan(at)
      at = nextOffset
    }
  }
}

function wordOf(record: RecordData): string {
  return record.value === null
    ? `${new TextDecoder().decode(record.key ?? text.encode('?'))}-`
    : valueOf(record)
}

describe('of each key the last record stays', () => {
  test('where it was: offsets never change, and readers see the gaps', () => {
    const t = new TestLog().plain('a1 b1 a2').plain('c1 a3')
    expect(t.compact()).toBe(2)
    expect(t.content()).toEqual(['1:b1', '3:c1', '4:a3'])
    expect(t.read()).toEqual(['1:b1', '3:c1', '4:a3'])
    expect(t.read(2)).toEqual(['3:c1', '4:a3'])
    t.plain('d1')
    expect(t.content().at(-1)).toBe('5:d1')
  })

  test('a batch from which the last records are gone still ends where it ended', () => {
    const t = new TestLog().plain('a1 b1').plain('b2')
    t.compact()
    const fetched = t.log.read(0, 'read_committed', 1, true)
    expect(filterFetched(fetched, 0, 'read_committed').nextOffset).toBe(2)
  })

  test('a record without a key has no place in it', () => {
    const t = new TestLog()
    const record = { key: null, value: text.encode('x'), timestamp: 0, headers: [] }
    const plain = { producerId: -1, producerEpoch: -1, baseSequence: -1, isTransactional: false }
    t.log.append({ ...plain, records: [record] }, 'client', 0)
    t.log.advanceHighWatermark(1)
    expect(t.compact()).toBe(1)
  })
})

describe('what is open or young is left alone', () => {
  test('nothing at or above the last stable offset goes, and nothing there makes a record old', () => {
    const t = new TestLog().plain('a1').write(7, 'a2').plain('a3')
    expect(t.compact()).toBe(0)
    expect(t.content()).toEqual(['0:a1', '1:a2', '2:a3'])
    t.end(7, 'commit')
    expect(t.compact()).toBe(2)
    expect(t.content()).toEqual(['1:empty', '2:a3', '3:commit'])
  })

  test('a hanging transaction therefore stops compaction', () => {
    const t = new TestLog().write(7, 'x1')
    for (let i = 0; i < 5; i += 1) t.plain(`a${i}`)
    expect(t.compact()).toBe(0)
  })

  test('records younger than min.compaction.lag.ms stay, with all behind them', () => {
    const t = new TestLog().plain('a1')
    t.now = 100
    t.plain('a2').plain('a3')
    const policy = { ...POLICY, minCompactionLagMs: 50 }
    t.now = 120
    expect(t.compact(policy)).toBe(0)
    t.now = 151
    expect(t.compact(policy)).toBe(2)
  })

  test('by itself the cleaner waits until half of the bytes are worth it, and leaves the active segment', () => {
    const t = new TestLog().plain('a1').plain('a2').plain('a3')
    expect(t.compact(POLICY, false)).toBe(1)
    expect(t.content()).toEqual(['1:a2', '2:a3'])
    expect(t.compact(POLICY, false)).toBe(0)
  })
})

describe('transactions', () => {
  test('aborted records go at once, committed ones like all others', () => {
    const t = new TestLog().plain('a1').write(7, 'a2 b2').end(7, 'abort').write(8, 'c1')
    t.end(8, 'commit')
    expect(t.compact()).toBe(2)
    expect(t.read()).toEqual(['0:a1', '4:c1'])
  })

  test('a marker stays as long as a record of its transaction, and delete.retention.ms from then on (KAFKA-13727)', () => {
    const t = new TestLog().write(7, 'a1').end(7, 'commit').write(8, 'b1').end(8, 'commit')
    for (let i = 0; i < 3; i += 1) {
      t.now += 2 * DAY
      t.compact()
      expect(t.content()).toEqual(['0:a1', '1:commit', '2:b1', '3:commit'])
    }
    // Both producers are active, so their last batches stay, without records.
    t.plain('a2')
    t.compact()
    expect(t.content()).toEqual(['0:empty', '1:commit', '2:b1', '3:commit', '4:a2'])
  })

  test('an abort marker outlives the records, and leaves the index of aborted transactions when it goes (KAFKA-14055)', () => {
    const t = new TestLog().write(7, 'a1').end(7, 'abort').write(7, 'a2').end(7, 'commit')
    t.compact()
    expect(t.content()).toEqual(['1:abort', '2:a2', '3:commit'])
    expect(t.log.read(0, 'read_committed', 1000, true).abortedTransactions).toHaveLength(1)
    expect(t.read()).toEqual(['2:a2'])
    t.compact()
    t.now += DAY
    t.compact()
    expect(t.content()).toEqual(['2:a2', '3:commit'])
    expect(t.log.read(0, 'read_committed', 1000, true).abortedTransactions).toEqual([])
    expect(t.read()).toEqual(['2:a2'])
  })

  test('of an active producer the last batch stays, so that a repeated one is still recognized', () => {
    const t = new TestLog().write(7, 'a1').end(7, 'commit').plain('a2')
    t.compact()
    expect(t.content()).toEqual(['0:empty', '1:commit', '2:a2'])
  })
})

test('a tombstone removes what is before it at once, and goes itself after delete.retention.ms', () => {
  const t = new TestLog().plain('a1 b1').plain('a-')
  expect(t.compact()).toBe(1)
  expect(t.read()).toEqual(['1:b1', '2:a-'])
  t.now = DAY - 1
  t.compact()
  expect(t.read()).toEqual(['1:b1', '2:a-'])
  t.now = DAY
  expect(t.compact()).toBe(1)
  expect(t.read()).toEqual(['1:b1'])
  // Nothing is left from here on, and the end of the log is where it was.
  expect(t.read(2)).toEqual([])
  expect(t.log.logEndOffset).toBe(3)
})

test('for every history and every moment of cleaning, readers keep the last committed value of each key', () => {
  const step = fc.oneof(
    fc.record({
      do: fc.constant('write'),
      who: fc.integer({ min: -1, max: 2 }),
      key: fc.constantFrom('a', 'b', 'c'),
    }),
    fc.record({ do: fc.constantFrom('commit', 'abort'), who: fc.integer({ min: 0, max: 2 }) }),
    fc.record({ do: fc.constant('compact'), who: fc.constant(0) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const [cleaned, whole] = [new TestLog(), new TestLog()]
      let written = 0
      const open = new Set<number>()
      for (const each of steps) {
        cleaned.now += DAY / 3
        if (each.do === 'compact') cleaned.compact()
        else if ('key' in each) {
          written += 1
          const word = `${each.key}${written % 10}`
          for (const t of [cleaned, whole]) t.write(each.who, word)
          if (each.who >= 0) open.add(each.who)
        } else if (open.delete(each.who)) {
          for (const t of [cleaned, whole])
            t.end(each.who, each.do === 'commit' ? 'commit' : 'abort')
        }
      }
      const last = (words: readonly string[]): ReadonlyMap<string, string> =>
        new Map(words.map((word) => [word.split(':')[1]?.[0] ?? '', word]))
      expect(last(cleaned.read())).toEqual(last(whole.read()))
      expect(cleaned.log.lastStableOffset).toBe(whole.log.lastStableOffset)
    }),
    { numRuns: 300 },
  )
})

describe('the cluster', () => {
  const topics = [{ topic: TOPIC, partitions: 2, compaction: { deleteRetentionMs: 1000 } }]
  const plain = [{ topic: TOPIC, partitions: 2 }]

  function filled(options: ConstructorParameters<typeof Kafka>[0]): Kafka {
    const kafka = new Kafka(options)
    for (const word of ['a1', 'b1', 'a2', 'b2', 'a3']) {
      kafka.cluster.append(TOPIC, 0, [keyed(word, 0)])
    }
    return kafka
  }

  test('cleans when it is told to, and reads go on over the gaps', () => {
    const kafka = filled({ topics })
    expect(kafka.cluster.compact(TOPIC)).toBe(3)
    expect(kafka.readFrom(0, 0, 'read_committed')).toMatchObject({ offsets: [3, 4], nextOffset: 5 })
    const partitions = [{ topic: TOPIC, partition: 0, at: 0 }]
    const found = kafka.ask({ type: 'list-offsets', isolationLevel: 'read_committed', partitions })
    expect(found.partitions[0]?.offset).toBe(3)
  })

  test('cleans by time, but never a topic that is not compacted', () => {
    const kafka = filled({ topics })
    kafka.world.advance(15_000)
    // The newest batch is the active segment.
    expect(kafka.read(0)).toEqual(['a2', 'b2', 'a3'])
    const kept = filled({ topics: plain })
    kept.world.advance(60_000)
    expect(kept.read(0)).toHaveLength(5)
    expect(kept.world.scheduled).toBe(0)
    expect(() => kept.cluster.compact(TOPIC)).toThrow('Topic t is not compacted.')
  })
})

test('compaction-drops-needed: an open transaction makes a committed record old, and takes it away', () => {
  const history = (mutants: Mutants): string[] => {
    const t = new TestLog(mutants).plain('a1').write(7, 'a2')
    t.compact()
    return t.end(7, 'abort').read()
  }
  const mutants = new Mutants('compaction-drops-needed')
  expect(history(mutants)).toEqual([])
  expect(mutants.hits).toBe(1)
  expect(history(new Mutants())).toEqual(['0:a1'])
})

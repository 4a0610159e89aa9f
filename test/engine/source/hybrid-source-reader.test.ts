/** A reader that reads one source after the other. */
import { describe, expect, test } from 'vitest'
import type { OperatorStateEntry } from '../../../engine/checkpoint/snapshot-handle.ts'
import { InvariantViolation } from '../../../engine/assert.ts'
import { NO_TIMESTAMP } from '../../../engine/element.ts'
import { checkpointId } from '../../../engine/ids.ts'
import { text } from '../../../engine/serializer.ts'
import { createSource } from '../../../engine/source/create-source.ts'
import { decodeSplits } from '../../../engine/source/kafka-source-reader.ts'
import type { Source } from '../../../engine/source/source-spec.ts'
import { collectionSource, hybridSource, kafkaSource } from '../../../engine/source/sources.ts'
import { ClusterBroker } from '../cluster-broker.ts'
import { FakeRuntime } from '../fake-runtime.ts'
import { operatorContext, valuesOf } from '../operator-context.ts'

const own = { timestamps: (value: number) => value }
const first = collectionSource([30, 10, 20], own)
const second = collectionSource([40, 50], own)
const kafka = kafkaSource({ topics: ['in'], groupId: 'g', value: text, stoppingOffsets: 'latest' })

class Hybrid {
  readonly runtime = new FakeRuntime()
  readonly broker = new ClusterBroker(this.runtime, { topics: [{ topic: 'in', partitions: 2 }] })
  readonly context = operatorContext({ runtime: this.runtime, broker: this.broker })
  readonly reader

  constructor(sources: readonly Source<unknown>[], state: readonly OperatorStateEntry[] = []) {
    const { spec } = hybridSource({ sources })
    this.reader = createSource({ type: 'source', source: spec, watermarks: null }, this.context)
    this.reader.open?.(state, state.length === 0 ? null : checkpointId(1))
  }

  /** Polls at most so often, until there is nothing more. */
  poll(records = 1000): string {
    let room = records
    for (let i = 0; i < 20; i++) {
      const result = this.reader.poll(() => room-- > 0)
      if (result !== 'emitted' || room <= 0) return result
    }
    return 'emitted'
  }

  switchTo(source: number): this {
    this.reader.handleEvent?.({ type: 'switch-source', source })
    return this
  }

  get state(): readonly OperatorStateEntry[] {
    const context = { checkpoint: checkpointId(1), hold: () => () => undefined }
    return this.reader.snapshot?.(context)() ?? []
  }

  /** What it told the coordinator. */
  get reports(): unknown[] {
    return this.runtime
      .takeSent()
      .flatMap((sent) => (sent.type === 'reader-event' ? [sent.event] : []))
  }

  get values(): unknown[] {
    return valuesOf(this.context)
  }
}

describe('switching', () => {
  test('at the end of a source it reports, once, and waits', () => {
    const hybrid = new Hybrid([first, second])
    expect(hybrid.poll()).toBe('idle')
    expect(hybrid.poll()).toBe('idle')
    expect(hybrid.values).toEqual([30, 10, 20])
    expect(hybrid.reports).toEqual([
      { type: 'source-finished', source: 0, lastTimestamp: 30, offsets: [] },
    ])
  })

  test('it goes on when it is told to, and ends with the last source', () => {
    const hybrid = new Hybrid([first, second])
    hybrid.poll()
    expect(hybrid.switchTo(1).poll()).toBe('finished')
    expect(hybrid.values).toEqual([30, 10, 20, 40, 50])
    expect(hybrid.reports).toHaveLength(1)
  })

  test('it never goes on before it has finished, nor to another source than the next', () => {
    const hybrid = new Hybrid([first, second, first])
    expect(() => hybrid.switchTo(1)).toThrow(InvariantViolation)
    hybrid.poll()
    expect(() => hybrid.switchTo(2)).toThrow(InvariantViolation)
  })

  test('of a Kafka source it reports where the splits ended', () => {
    const hybrid = new Hybrid([kafka, first])
    hybrid.broker.append('in', 1, 'a', 'b', 'c')
    const split = { topic: 'in', partition: 1, offset: 1, stoppingOffset: 3 }
    hybrid.reader.handleEvent?.({ type: 'assign-splits', splits: [split] })
    hybrid.reader.handleEvent?.({ type: 'no-more-splits' })
    hybrid.runtime.advance(20)
    hybrid.poll()
    expect(hybrid.reports).toMatchObject([
      { source: 0, lastTimestamp: 0, offsets: [{ topic: 'in', partition: 1, offset: 3 }] },
    ])
  })
})

describe('snapshots', () => {
  test.each([0, 1, 2, 3])('in the first source, after %i records', (count) => {
    const before = new Hybrid([first, second])
    before.poll(count)
    const after = new Hybrid([first, second], before.state)
    after.poll()
    expect([...before.values, ...after.values]).toEqual([30, 10, 20])
    expect(after.reports).toMatchObject([{ source: 0, lastTimestamp: 30 }])
  })

  test('while it waits for the next source: it reports again', () => {
    const before = new Hybrid([first, second])
    before.poll()
    const after = new Hybrid([first, second], before.state)
    expect(after.poll()).toBe('idle')
    expect(after.reports).toHaveLength(1)
    expect(after.switchTo(1).poll()).toBe('finished')
    expect(after.values).toEqual([40, 50])
  })

  test('in the second source', () => {
    const before = new Hybrid([first, second])
    before.poll()
    before.switchTo(1).poll(1)
    const after = new Hybrid([first, second], before.state)
    expect(after.poll()).toBe('finished')
    expect(after.values).toEqual([50])
  })

  test('a subtask that gets no splits still knows which source is active', () => {
    const before = new Hybrid([first, second, second])
    before.poll()
    before.switchTo(1).poll(1)
    const nothing = before.state.map((entry) =>
      entry.redistribution === 'union' ? entry : { ...entry, items: [] },
    )
    const after = new Hybrid([first, second, second], nothing)
    expect(after.poll()).toBe('idle')
    expect(after.values).toEqual([])
    expect(after.reports).toMatchObject([{ source: 1, lastTimestamp: 40 }])
  })

  test('say how far Kafka was read, also when that is over', () => {
    const before = new Hybrid([kafka, first])
    before.broker.append('in', 1, 'a', 'b', 'c')
    const split = { topic: 'in', partition: 1, offset: 0, stoppingOffset: 2 }
    before.reader.handleEvent?.({ type: 'assign-splits', splits: [split] })
    before.reader.handleEvent?.({ type: 'no-more-splits' })
    before.runtime.advance(20)
    before.poll()
    const read = [{ topic: 'in', partition: 1, offset: 2 }]
    expect(decodeSplits(before.state)).toMatchObject(read)
    before.switchTo(1).poll(1)
    expect(decodeSplits(before.state)).toEqual(read)
    const after = new Hybrid([kafka, first], before.state)
    expect(decodeSplits(after.state)).toEqual(read)
  })
})

test('nothing was read yet: there is no last timestamp', () => {
  const hybrid = new Hybrid([collectionSource([]), first])
  hybrid.poll()
  expect(hybrid.reports).toMatchObject([{ source: 0, lastTimestamp: NO_TIMESTAMP }])
})

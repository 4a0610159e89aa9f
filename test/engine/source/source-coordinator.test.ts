/** The gateway between a source's coordinator and its readers: every split on the same side of the cut (F-I9). */
import { describe, expect, test } from 'vitest'
import { checkpointId } from '../../../engine/ids.ts'
import { text } from '../../../engine/serializer.ts'
import { KafkaSplitEnumerator, splitOwner } from '../../../engine/source/kafka-split-enumerator.ts'
import { SourceCoordinator } from '../../../engine/source/source-coordinator.ts'
import { kafkaSource } from '../../../engine/source/sources.ts'
import { ClusterBroker } from '../cluster-broker.ts'
import { FakeRuntime } from '../fake-runtime.ts'

const TOPIC = 'in'

/** Two readers of a topic with three partitions: 0 and 2 belong to one of them, 1 to the other. */
class Coordinating {
  readonly runtime = new FakeRuntime()
  readonly broker = new ClusterBroker(this.runtime, { topics: [{ topic: TOPIC, partitions: 3 }] })
  readonly coordinator: SourceCoordinator
  readonly #sent: string[] = []
  readonly events: { readonly reader: number; readonly id: number }[] = []

  constructor(startingOffsets: 'earliest' | 'latest' = 'earliest') {
    const { spec } = kafkaSource({ topics: [TOPIC], groupId: 'g', value: text, startingOffsets })
    if (spec.type !== 'kafka') throw new Error('A Kafka source is one.')
    this.coordinator = new SourceCoordinator({
      uid: 'source',
      parallelism: 2,
      sources: 1,
      createEnumerator: ({ discovered }) =>
        new KafkaSplitEnumerator(
          spec,
          { runtime: this.runtime, broker: this.broker, uid: 'source' },
          discovered,
        ),
      sendEvent: (reader, id, event) => {
        this.events.push({ reader, id })
        const splits = event.type === 'assign-splits' ? event.splits : []
        const names = splits.map(({ partition, offset }) => `${partition}@${offset}`)
        this.#sent.push(`reader ${reader}: ${names.join(' ')}`)
      },
      alignment: null,
      fail: () => undefined,
    })
  }

  /** Starts anew and lets the discovery end. */
  reset(state: Uint8Array | null = null): this {
    this.coordinator.reset(state)
    this.runtime.advance(20)
    return this
  }

  run(...readers: readonly number[]): this {
    for (const reader of readers) this.coordinator.onReaderRunning(reader)
    return this
  }

  confirmAll(): this {
    for (const { reader, id } of this.events.splice(0))
      this.coordinator.onEventConfirmed(reader, id)
    return this
  }

  /** Asks for the snapshot of a checkpoint; the state is there as soon as it is taken. */
  checkpoint(checkpoint: number): { state: Uint8Array | null } {
    const box: { state: Uint8Array | null } = { state: null }
    this.coordinator.checkpoint(checkpointId(checkpoint), (state) => {
      box.state = state
    })
    return box
  }

  get sent(): string[] {
    return this.#sent.splice(0)
  }
}

const [even, odd] = [
  splitOwner({ topic: TOPIC, partition: 0 }, 2),
  splitOwner({ topic: TOPIC, partition: 1 }, 2),
]

describe('assignment', () => {
  test('every reader gets its splits once it runs', () => {
    const source = new Coordinating().reset()
    expect(source.sent).toEqual([])
    source.run(even)
    expect(source.sent).toEqual([`reader ${even}: 0@0 2@0`])
    source.run(odd)
    expect(source.sent).toEqual([`reader ${odd}: 1@0`])
  })

  test('a reader that ran before the splits were found gets them then', () => {
    const source = new Coordinating()
    source.coordinator.reset(null)
    source.run(even, odd)
    expect(source.sent).toEqual([])
    source.runtime.advance(20)
    expect(source.sent).toHaveLength(2)
  })

  test('a split is assigned once', () => {
    const source = new Coordinating().reset().run(even, odd)
    expect(source.sent).toHaveLength(2)
    source.run(even, odd)
    expect(source.sent).toEqual([])
  })
})

describe('checkpoints', () => {
  test('the snapshot is taken at once when no event is under way', () => {
    const source = new Coordinating().reset().run(even, odd).confirmAll()
    expect(source.checkpoint(1).state).not.toBeNull()
  })

  test('it waits until every earlier event is confirmed', () => {
    const source = new Coordinating().reset().run(even, odd)
    const snapshot = source.checkpoint(1)
    const [first, second] = source.events
    if (first === undefined || second === undefined) throw new Error('Two events are under way.')
    source.coordinator.onEventConfirmed(first.reader, first.id)
    expect(snapshot.state).toBeNull()
    source.coordinator.onEventConfirmed(second.reader, second.id)
    expect(snapshot.state).not.toBeNull()
  })

  test('events behind the cut wait until their reader has taken the barrier', () => {
    const source = new Coordinating().reset()
    source.checkpoint(1)
    source.run(even, odd)
    expect(source.sent).toEqual([])
    source.coordinator.onBarrierPassed(even, checkpointId(1))
    expect(source.sent).toEqual([`reader ${even}: 0@0 2@0`])
    source.coordinator.onBarrierPassed(odd, checkpointId(1))
    expect(source.sent).toEqual([`reader ${odd}: 1@0`])
  })

  test.each([1, 2])(
    'they also wait no longer when checkpoint %i ends, which is not older',
    (ended) => {
      const source = new Coordinating().reset()
      source.checkpoint(1)
      source.run(even)
      source.coordinator.onCheckpointEnded(checkpointId(ended))
      expect(source.sent).toHaveLength(1)
    },
  )

  test('the end of an older checkpoint and its barrier release nothing', () => {
    const source = new Coordinating().reset()
    source.checkpoint(2)
    source.run(even)
    source.coordinator.onCheckpointEnded(checkpointId(1))
    source.coordinator.onBarrierPassed(even, checkpointId(1))
    expect(source.sent).toEqual([])
  })

  test('a snapshot whose checkpoint was aborted is not taken any more', () => {
    const source = new Coordinating().reset().run(even, odd)
    const snapshot = source.checkpoint(1)
    source.coordinator.onCheckpointEnded(checkpointId(1))
    source.confirmAll()
    expect(snapshot.state).toBeNull()
  })
})

describe('restore', () => {
  test('splits that readers own are not assigned again: they are in the snapshots of the readers', () => {
    const source = new Coordinating().reset().run(even, odd).confirmAll()
    const { state } = source.checkpoint(1)
    expect(source.sent).toHaveLength(2)
    source.reset(state).run(even, odd)
    expect(source.sent).toEqual([])
  })

  test('splits that waited are assigned, with the start offsets that were resolved before the failure', () => {
    const source = new Coordinating('latest')
    source.broker.append(TOPIC, 1, 'a', 'b')
    source.reset().run(even).confirmAll()
    expect(source.sent).toEqual([`reader ${even}: 0@0 2@0`])
    const { state } = source.checkpoint(1)
    source.broker.append(TOPIC, 1, 'behind the start')
    source.reset(state).run(even, odd)
    expect(source.sent, 'not 1@3, which latest would be now').toEqual([`reader ${odd}: 1@2`])
  })

  test('from nothing everything is assigned anew', () => {
    const source = new Coordinating().reset().run(even, odd).confirmAll()
    expect(source.sent).toHaveLength(2)
    source.reset(null).run(even, odd)
    expect(source.sent).toHaveLength(2)
  })

  test('what was under way to the former readers is not waited for', () => {
    const source = new Coordinating().reset().run(even, odd)
    source.reset(null)
    expect(source.checkpoint(1).state).not.toBeNull()
  })

  test('a discovery of the former life brings nothing any more', () => {
    const source = new Coordinating()
    source.coordinator.reset(null)
    source.coordinator.close()
    source.run(even, odd)
    source.runtime.advance(1000)
    expect(source.sent).toEqual([])
  })
})

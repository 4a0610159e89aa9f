/** The gateway between a source's coordinator and its readers: every split on the same side of the cut (F-I9). */
import { describe, expect, test } from 'vitest'
import { checkpointId } from '../../../engine/ids.ts'
import type { OperatorEvent } from '../../../engine/messages.ts'
import { text } from '../../../engine/serializer.ts'
import { KafkaSplitEnumerator, splitOwner } from '../../../engine/source/kafka-split-enumerator.ts'
import { SourceCoordinator } from '../../../engine/source/source-coordinator.ts'
import type { ActiveSource } from '../../../engine/source/source-coordinator.ts'
import type { KafkaSourceOptions } from '../../../engine/source/source-spec.ts'
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

  readonly failures: string[] = []
  /** How often it said that there may be a backlog, or none any more. */
  backlogs = 0
  /** What the enumerators were made with. */
  readonly begun: ActiveSource[] = []

  /** `sources`: the others of a hybrid source, in front of the Kafka source, whose readers need no enumerator. */
  constructor(options: Partial<KafkaSourceOptions<string>> = {}, sources = 1) {
    const { spec } = kafkaSource({ topics: [TOPIC], groupId: 'g', value: text, ...options })
    if (spec.type !== 'kafka') throw new Error('A Kafka source is one.')
    this.coordinator = new SourceCoordinator({
      uid: 'source',
      parallelism: 2,
      sources,
      createEnumerator: (active) => {
        this.begun.push(active)
        if (active.source < sources - 1) return null
        const { runtime, broker } = this
        return new KafkaSplitEnumerator(spec, { runtime, broker, uid: 'source' }, active.discovered)
      },
      sendEvent: (reader, id, event) => {
        this.events.push({ reader, id })
        this.#sent.push(`reader ${reader}: ${describeEvent(event)}`)
      },
      alignment: null,
      fail: (reason) => this.failures.push(reason),
      onBacklog: () => (this.backlogs += 1),
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

  /** This reader has read the source to its end. */
  finish(reader: number, source: number, lastTimestamp = 0, offset = 0): this {
    const offsets = [{ topic: 'old', partition: reader, offset }]
    const event = { type: 'source-finished', source, lastTimestamp, offsets } as const
    this.coordinator.onReaderEvent(reader, event)
    return this
  }

  get sent(): string[] {
    return this.#sent.splice(0)
  }
}

function describeEvent(event: OperatorEvent): string {
  switch (event.type) {
    case 'assign-splits':
      return event.splits.map(({ partition, offset }) => `${partition}@${offset}`).join(' ')
    case 'switch-source':
      return `switch to ${event.source}`
    default:
      return event.type
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
    const source = new Coordinating({ startingOffsets: 'latest' })
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

describe('bounded sources', () => {
  const bounded = { stoppingOffsets: 'latest' } as const

  test('readers are told that they have all splits, behind the splits', () => {
    const source = new Coordinating(bounded).reset().run(even)
    expect(source.sent).toEqual([`reader ${even}: 0@0 2@0`, `reader ${even}: no-more-splits`])
    source.run(odd)
    expect(source.sent).toEqual([`reader ${odd}: 1@0`, `reader ${odd}: no-more-splits`])
    source.run(even, odd)
    expect(source.sent, 'once').toEqual([])
  })

  test('readers without splits are told, too', () => {
    const source = new Coordinating({ ...bounded, topics: ['one'] })
    source.broker.cluster.setPartitions('one', 1)
    source.reset().run(0, 1)
    expect(source.sent.filter((line) => line.endsWith('no-more-splits'))).toHaveLength(2)
  })

  test('after a restore they are told again: it is no part of their snapshots', () => {
    const source = new Coordinating(bounded).reset().run(even, odd).confirmAll()
    const { state } = source.checkpoint(1)
    expect(source.sent).toHaveLength(4)
    source.reset(state).run(even, odd)
    expect(source.sent).toEqual([`reader ${even}: no-more-splits`, `reader ${odd}: no-more-splits`])
  })

  test('an unbounded source says no such thing', () => {
    const source = new Coordinating().reset().run(even, odd)
    expect(source.sent.filter((line) => line.endsWith('no-more-splits'))).toEqual([])
  })
})

describe('hybrid sources', () => {
  const hybrid = (): Coordinating => new Coordinating({}, 2)

  test('the next source begins when all readers have finished the one before', () => {
    const source = hybrid().reset().run(even, odd)
    expect(source.sent).toEqual([])
    source.finish(even, 0, 70, 5)
    source.runtime.advance(20)
    expect(source.sent).toEqual([])
    source.finish(odd, 0, 90, 6)
    expect(source.sent).toEqual(['reader 0: switch to 1', 'reader 1: switch to 1'])
    source.runtime.advance(20)
    expect(source.sent.toSorted()).toEqual(
      [`reader ${even}: 0@0 2@0`, `reader ${odd}: 1@0`].toSorted(),
    )
  })

  test('before the last source there is a backlog', () => {
    const source = hybrid().reset().run(even, odd)
    expect(source.coordinator.isBacklog).toBe(true)
    const { backlogs } = source
    source.finish(even, 0, 70, 5).finish(odd, 0, 90, 6)
    expect(source.coordinator.isBacklog).toBe(false)
    expect(source.backlogs).toBeGreaterThan(backlogs)
  })

  test('it is told where the one before ended', () => {
    const source = hybrid().reset().run(even, odd).finish(1, 0, 90, 6).finish(0, 0, 70, 5)
    expect(source.begun.at(-1)).toEqual({
      source: 1,
      point: {
        source: 1,
        lastTimestamp: 90,
        offsets: [
          { topic: 'old', partition: 0, offset: 5 },
          { topic: 'old', partition: 1, offset: 6 },
        ],
      },
      discovered: [],
    })
  })

  test('a reader that says it twice is one, and the past is over', () => {
    const source = hybrid().reset().run(even, odd).finish(even, 0).finish(even, 0)
    expect(source.sent).toEqual([])
    source.finish(odd, 0)
    expect(source.sent).toHaveLength(2)
    source.finish(even, 0).finish(odd, 0)
    expect(source.sent).toEqual([])
  })

  test('the switch waits for the barrier, like every event', () => {
    const source = hybrid().reset().run(even, odd)
    const { state } = source.checkpoint(1)
    source.finish(even, 0).finish(odd, 0)
    expect(source.sent).toEqual([])
    source.coordinator.onBarrierPassed(0, checkpointId(1))
    expect(source.sent).toEqual(['reader 0: switch to 1'])
    source.coordinator.onCheckpointEnded(checkpointId(1))
    expect(source.sent).toEqual(['reader 1: switch to 1'])
    source.reset(state).run(even, odd)
    expect(source.begun.at(-1), 'in front of the cut').toMatchObject({ source: 0, point: null })
  })

  test('a snapshot behind the switch brings the next source back, and nobody is told again', () => {
    const source = hybrid().reset().run(even, odd).finish(even, 0, 7).finish(odd, 0, 9)
    source.runtime.advance(20)
    const { state } = source.confirmAll().checkpoint(1)
    expect(state).not.toBeNull()
    expect(source.sent).toHaveLength(4)
    source.reset(state).run(even, odd)
    expect(source.begun.at(-1)).toMatchObject({ source: 1, point: { lastTimestamp: 9 } })
    expect(source.sent).toEqual([])
  })
})

test('what cannot begin fails the job with one sentence', () => {
  const source = new Coordinating({ startingOffsets: { committed: 'none' } }).reset()
  expect(source.failures[0]).toBe(
    'The group "g" has committed no offset of in/0, and the source has no other one.',
  )
})

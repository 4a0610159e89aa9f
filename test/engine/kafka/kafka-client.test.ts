/** Finding brokers, timeouts, retries. */
import { describe, expect, test } from 'vitest'
import type { Decision, Outcome } from '../../../engine/kafka/kafka-client.ts'
import { KafkaClient, REQUEST_TIMEOUT_MS, retryAfter } from '../../../engine/kafka/kafka-client.ts'
import type { KafkaError, KafkaRequest } from '../../../engine/kafka/protocol.ts'
import { FakeRuntime } from '../fake-runtime.ts'
import { LEADER, ScriptedBroker } from '../scripted-broker.ts'

type ListOffsets = Extract<KafkaRequest, { type: 'list-offsets' }>

/** A client whose outcomes are written down, and answered with decisions that the test gave beforehand. */
class Client {
  readonly runtime = new FakeRuntime()
  readonly broker: ScriptedBroker
  readonly client: KafkaClient
  readonly outcomes: string[] = []
  requests = 0
  decisions: Decision[] = []

  constructor(playsDiscovery = true) {
    this.broker = new ScriptedBroker(this.runtime, playsDiscovery)
    this.client = new KafkaClient(this.runtime, this.broker, 'test')
  }

  /** Asks the leader of in/1. */
  ask(...decisions: Decision[]): this {
    this.decisions = decisions
    this.client.toLeader(
      { topic: 'in', partition: 1 },
      () => this.#request(),
      (outcome) => this.#decide(outcome),
    )
    return this
  }

  askCoordinator(key: string, ...decisions: Decision[]): this {
    this.decisions = decisions
    this.client.toCoordinator(
      { keyType: 'transaction', key },
      () => this.#request(),
      (outcome) => this.#decide(outcome),
    )
    return this
  }

  answer(offset = 0): void {
    const partitions = [{ topic: 'in', partition: 1, error: 'NONE' as const, offset }]
    this.broker.next('list-offsets').answer({ partitions })
  }

  #request(): ListOffsets {
    this.requests += 1
    return { type: 'list-offsets', isolationLevel: 'read_committed', partitions: [] }
  }

  #decide(
    outcome: Outcome<{ readonly partitions: readonly { readonly offset: number }[] }>,
  ): Decision {
    this.outcomes.push(
      outcome.type === 'answered'
        ? `offset ${outcome.response.partitions[0]?.offset}`
        : outcome.type,
    )
    return this.decisions.shift() ?? 'done'
  }
}

describe('discovery', () => {
  test('the partitions of a topic are asked of any broker', () => {
    const { client, broker } = new Client(false)
    const found: (readonly number[])[] = []
    client.partitionsOf('in', (partitions) => found.push(partitions))
    const { broker: asked, request, answer } = broker.next('metadata')
    expect([asked, request.topics]).toEqual([null, ['in']])
    const partitions = [0, 1].map((partition) => ({ partition, leader: partition + 1 }))
    answer({ brokers: [1, 2], topics: [{ topic: 'in', error: 'NONE', partitions }] })
    expect(found).toEqual([[0, 1]])
  })

  test('a topic that does not exist yet is asked for again, after a pause', () => {
    const { client, broker, runtime } = new Client(false)
    const found: (readonly number[])[] = []
    client.partitionsOf('in', (partitions) => found.push(partitions))
    broker.next('metadata').answer({
      brokers: [],
      topics: [{ topic: 'in', error: 'UNKNOWN_TOPIC_OR_PARTITION', partitions: [] }],
    })
    expect(broker.waiting).toEqual([])
    runtime.advance(20)
    expect(broker.waiting).toEqual(['metadata'])
    broker.next('metadata').answer({
      brokers: [1],
      topics: [{ topic: 'in', error: 'NONE', partitions: [{ partition: 0, leader: 1 }] }],
    })
    expect(found).toEqual([[0]])
  })

  test('a request goes to the leader that metadata named, and the next one without asking again', () => {
    const test = new Client(false).ask()
    test.broker.next('metadata').answer({
      brokers: [3, 4],
      topics: [
        {
          topic: 'in',
          error: 'NONE',
          partitions: [
            { partition: 0, leader: 3 },
            { partition: 1, leader: 4 },
          ],
        },
      ],
    })
    const first = test.broker.next('list-offsets')
    expect(first.broker).toBe(4)
    first.answer({ partitions: [] })
    test.ask()
    expect(test.broker.next('list-offsets').broker).toBe(4)
  })

  test('a coordinator is found once for each key', () => {
    const test = new Client(false).askCoordinator('tx-1')
    const found = test.broker.next('find-coordinator')
    expect(found.request).toMatchObject({ keyType: 'transaction', key: 'tx-1' })
    found.answer({ error: 'NONE', broker: 5 })
    expect(test.broker.next('list-offsets').broker).toBe(5)
    test.askCoordinator('tx-1')
    expect(test.broker.waiting).toEqual(['list-offsets'])
    test.broker.next('list-offsets')
    test.askCoordinator('tx-2')
    expect(test.broker.waiting).toEqual(['find-coordinator'])
  })

  test('a coordinator that is not available is looked for again', () => {
    const test = new Client(false).askCoordinator('tx-1')
    test.broker.next('find-coordinator').answer({ error: 'COORDINATOR_NOT_AVAILABLE', broker: -1 })
    expect(test.broker.waiting).toEqual([])
    test.runtime.advance(20)
    test.broker.next('find-coordinator').answer({ error: 'NONE', broker: 5 })
    expect(test.broker.waiting).toEqual(['list-offsets'])
  })
})

describe('tries', () => {
  test('an answer ends the request when its owner is content', () => {
    const test = new Client().ask()
    test.answer(12)
    test.runtime.advance(5000)
    expect(test.outcomes).toEqual(['offset 12'])
    expect(test.broker.waiting).toEqual([])
    expect(test.runtime.timers).toEqual([])
  })

  test('retry asks the same broker again, after a pause that doubles up to a third of a second', () => {
    const test = new Client().ask(...Array<Decision>(7).fill('retry'))
    const pauses = [20, 40, 80, 160, 320, 320, 320].map((pause) => {
      test.answer()
      test.runtime.advance(pause - 1)
      expect(test.broker.waiting, `${pause} ms are not over`).toEqual([])
      test.runtime.advance(1)
      expect(test.broker.waiting).toEqual(['list-offsets'])
      return pause
    })
    expect(test.requests).toBe(1 + pauses.length)
  })

  test('rediscover forgets the leader and asks for it', () => {
    const test = new Client(false).ask('rediscover')
    const metadata = (leader: number): void => {
      test.broker.next('metadata').answer({
        brokers: [leader],
        topics: [{ topic: 'in', error: 'NONE', partitions: [{ partition: 1, leader }] }],
      })
    }
    metadata(1)
    test.answer()
    test.runtime.advance(20)
    metadata(2)
    expect(test.broker.next('list-offsets').broker).toBe(2)
  })

  test('rediscover forgets a coordinator too', () => {
    const test = new Client(false).askCoordinator('tx-1', 'rediscover')
    test.broker.next('find-coordinator').answer({ error: 'NONE', broker: 5 })
    test.answer()
    test.runtime.advance(20)
    test.broker.next('find-coordinator').answer({ error: 'NONE', broker: 6 })
    expect(test.broker.next('list-offsets').broker).toBe(6)
  })

  test('a request without answer times out, once', () => {
    const test = new Client().ask()
    expect(test.broker.next('list-offsets').broker).toBe(LEADER)
    test.runtime.advance(REQUEST_TIMEOUT_MS - 1)
    expect(test.outcomes).toEqual([])
    test.runtime.advance(5000)
    expect(test.outcomes).toEqual(['timed-out'])
  })

  test('an answer that comes after the timeout is dropped', () => {
    const test = new Client().ask('retry')
    const late = test.broker.next('list-offsets')
    test.runtime.advance(REQUEST_TIMEOUT_MS + 20)
    expect(test.broker.waiting).toEqual(['list-offsets'])
    late.answer({ partitions: [] })
    expect(test.outcomes).toEqual(['timed-out'])
    test.answer(3)
    expect(test.outcomes).toEqual(['timed-out', 'offset 3'])
  })

  test('a second answer to one request is dropped', () => {
    const test = new Client().ask()
    const received = test.broker.next('list-offsets')
    received.answer({ partitions: [] })
    received.answer({ partitions: [] })
    expect(test.outcomes).toHaveLength(1)
  })

  test('a search for the leader that is never answered is repeated', () => {
    const test = new Client(false).ask()
    test.broker.next('metadata')
    test.runtime.advance(REQUEST_TIMEOUT_MS + 20)
    expect(test.broker.waiting).toEqual(['metadata'])
  })
})

describe('closing', () => {
  test('nobody is called back after it, neither by answers nor by timeouts', () => {
    const test = new Client().ask('retry')
    const received = test.broker.next('list-offsets')
    test.client.close()
    received.answer({ partitions: [] })
    test.runtime.advance(5000)
    expect(test.outcomes).toEqual([])
    expect(test.broker.isClosed).toBe(true)
  })

  test('what waits for its next try is not sent any more', () => {
    const test = new Client().ask('retry')
    test.answer()
    test.client.close()
    test.runtime.advance(5000)
    expect(test.broker.waiting).toEqual([])
    expect(test.requests).toBe(1)
  })
})

test('errors that go away by themselves are worth another try, at another broker where it moved; others are not', () => {
  const worth = (error: KafkaError | null): string => retryAfter(error) ?? 'no'
  expect(worth(null), 'no answer').toBe('rediscover')
  expect(worth('NOT_LEADER_OR_FOLLOWER')).toBe('rediscover')
  expect(worth('NOT_COORDINATOR')).toBe('rediscover')
  expect(worth('COORDINATOR_NOT_AVAILABLE')).toBe('rediscover')
  expect(worth('UNKNOWN_TOPIC_OR_PARTITION')).toBe('rediscover')
  expect(worth('CONCURRENT_TRANSACTIONS')).toBe('retry')
  expect(worth('COORDINATOR_LOAD_IN_PROGRESS')).toBe('retry')
  expect(worth('NOT_ENOUGH_REPLICAS')).toBe('retry')
  expect(worth('REQUEST_TIMED_OUT')).toBe('retry')
  for (const fatal of ['PRODUCER_FENCED', 'INVALID_PRODUCER_EPOCH', 'INVALID_TXN_STATE'] as const) {
    expect(worth(fatal)).toBe('no')
  }
  expect(worth('OUT_OF_ORDER_SEQUENCE_NUMBER')).toBe('no')
  expect(worth('NONE')).toBe('no')
})

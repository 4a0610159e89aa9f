/** Connections to the simulated cluster, and what request faults do to them. */
import { describe, expect, test } from 'vitest'
import type { KafkaRequest } from '../../../engine/kafka/protocol.ts'
import { Mutants } from '../../../engine/mutants.ts'
import type { BrokerConnection, BrokerPort } from '../../../engine/runtime.ts'
import { text } from '../../../engine/serializer.ts'
import { FaultInjector } from '../../../sim/faults/fault-injector.ts'
import { SimulatedCluster } from '../../../sim/kafka/simulated-cluster.ts'
import type { RequestFault } from '../../../sim/plan/plan.ts'
import { simulatedBrokerPort } from '../../../sim/world/broker-connections.ts'
import { SmallWorld } from './small-world.ts'

class Connected {
  readonly small = new SmallWorld()
  readonly cluster: SimulatedCluster
  readonly faults: FaultInjector
  readonly process
  readonly #port: BrokerPort
  readonly connection: BrokerConnection
  /** `2 -> offset 0`: when an answer came and what it said. */
  readonly answers: string[] = []

  constructor(...faults: readonly RequestFault[]) {
    const { world, network } = this.small
    this.cluster = new SimulatedCluster(
      { topics: [{ topic: 't', partitions: 1 }] },
      {
        now: () => world.now(),
        schedule: (delayMs, label, action) => void world.after(delayMs, label, 'broker-1', action),
        trace: (fact) => {
          world.record(fact)
        },
        mix: (value) => {
          world.fingerprint.mix(value)
        },
      },
      new Mutants(),
    )
    this.faults = new FaultInjector(faults, world, {
      crash: () => true,
      fail: () => true,
      compact: () => 0,
    })
    this.process = this.small.start('worker-1').process
    this.#port = simulatedBrokerPort({
      world,
      network,
      cluster: this.cluster,
      faults: this.faults,
      process: this.process,
    })
    this.connection = this.#port.connect('client')
  }

  /** Another connection of the same process. */
  connectAgain(): BrokerConnection {
    return this.#port.connect('other')
  }

  /** Writes a record without idempotence: every request that the broker handles appends one. */
  produce(value: string, connection = this.connection): this {
    const record = { key: null, value: text.encode(value), timestamp: 0, headers: [] }
    const request: Extract<KafkaRequest, { type: 'produce' }> = {
      type: 'produce',
      transactionalId: null,
      partitions: [
        {
          topic: 't',
          partition: 0,
          batch: {
            producerId: -1,
            producerEpoch: -1,
            baseSequence: -1,
            isTransactional: false,
            records: [record],
          },
        },
      ],
    }
    connection.send(null, request, ({ partitions }) => {
      this.answers.push(`${this.small.world.now()} -> offset ${partitions[0]?.baseOffset}`)
    })
    return this
  }

  get log(): string {
    const records = this.cluster.readUncommitted('t', 0)
    return records.map(({ record }) => text.decode(record.value ?? new Uint8Array(0))).join(' ')
  }
}

const fault = (kind: RequestFault['kind'], delayMs?: number): RequestFault => ({
  kind,
  on: 'worker-1',
  request: 'produce',
  at: { nth: 1 },
  ...(delayMs === undefined ? {} : { delayMs }),
})

test('a request takes one way to the broker, its answer the other', () => {
  const connected = new Connected().produce('a')
  connected.small.run()
  expect(connected.answers).toEqual(['2 -> offset 0'])
  expect(connected.log).toBe('a')
})

test('of a dead process the requests that were on their way are handled, but it hears nothing', () => {
  const connected = new Connected().produce('a')
  connected.process.crash()
  connected.small.run()
  expect([connected.log, connected.answers]).toEqual(['a', []])
})

test('a closed connection drops the answers that are on their way', () => {
  const connected = new Connected().produce('a')
  connected.connection.close()
  connected.small.run()
  expect([connected.log, connected.answers]).toEqual(['a', []])
})

describe('faults', () => {
  test('delay: the request and everything behind it on the connection come later, in order', () => {
    const connected = new Connected(fault('delay', 50)).produce('a').produce('b')
    connected.small.run()
    expect(connected.log).toBe('a b')
    expect(connected.answers).toEqual(['52 -> offset 0', '52 -> offset 1'])
  })

  test('delay: another connection of the process is not held up', () => {
    const connected = new Connected(fault('delay', 50)).produce('slow')
    connected.produce('free', connected.connectAgain())
    connected.small.run()
    expect(connected.log).toBe('free slow')
    expect(connected.answers).toEqual(['2 -> offset 0', '52 -> offset 1'])
  })

  test('lose-response: the request is applied and never answered', () => {
    const connected = new Connected(fault('lose-response')).produce('a').produce('b')
    connected.small.run()
    expect(connected.log).toBe('a b')
    expect(connected.answers).toEqual(['2 -> offset 1'])
  })

  test('duplicate at once: a retry whose second answer is the one that counts', () => {
    const connected = new Connected(fault('duplicate')).produce('a')
    connected.small.run()
    expect(connected.log).toBe('a a')
    expect(connected.answers).toEqual(['2 -> offset 1'])
  })

  test('duplicate later: the first answer counts, the copy may come behind later requests', () => {
    const connected = new Connected(fault('duplicate', 30)).produce('a').produce('b')
    connected.small.run()
    expect(connected.log).toBe('a b a')
    expect(connected.answers).toEqual(['2 -> offset 0', '2 -> offset 1'])
  })

  test('what they did is in the ledger', () => {
    const connected = new Connected(fault('delay', 50), fault('lose-response')).produce('a')
    connected.small.run()
    expect(connected.faults.ledger.reports.map(({ outcome }) => outcome)).toEqual([
      'fired',
      'fired',
    ])
    expect(connected.answers).toEqual([])
  })
})

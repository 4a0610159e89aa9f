/**
 * The simulated cluster behind a broker port, for tests that turn the clock: a millisecond each way, and requests that
 * the test holds up or whose answers it loses.
 */
import type { KafkaRequest, RequestType, ResponseTo } from '../../engine/kafka/protocol.ts'
import { Mutants } from '../../engine/mutants.ts'
import type { BrokerConnection, BrokerPort } from '../../engine/runtime.ts'
import { text } from '../../engine/serializer.ts'
import type { ClusterOptions } from '../../sim/kafka/cluster-options.ts'
import { SimulatedCluster } from '../../sim/kafka/simulated-cluster.ts'
import type { FakeRuntime } from './fake-runtime.ts'

const LINK_MS = 1

export class ClusterBroker implements BrokerPort {
  readonly cluster: SimulatedCluster
  /** Every request in the order of sending, as `end-txn` or with details, see `describe`. */
  readonly sent: string[] = []
  readonly #runtime: FakeRuntime
  readonly #held = new Map<RequestType, (() => void)[]>()
  readonly #losing = new Set<RequestType>()

  constructor(runtime: FakeRuntime, options: ClusterOptions, mutants = new Mutants()) {
    this.#runtime = runtime
    const world = {
      now: () => runtime.now(),
      schedule: (delayMs: number, label: string, action: () => void) => {
        runtime.schedule(delayMs, label, action)
      },
      trace: (fact: Parameters<FakeRuntime['trace']>[0]) => {
        runtime.trace(fact)
      },
      mix: () => undefined,
    }
    this.cluster = new SimulatedCluster(options, world, mutants)
  }

  connect(): BrokerConnection {
    let isOpen = true
    return {
      send: (_broker, request, onResponse) => {
        this.sent.push(describe(request))
        const send = (): void => {
          this.#deliver(request, (response) => {
            if (isOpen) onResponse(response)
          })
        }
        const held = this.#held.get(request.type)
        if (held === undefined) send()
        else held.push(send)
      },
      close: () => {
        isOpen = false
      },
    }
  }

  /** Requests of this type do not arrive until they are released, also those of a client that is closed meanwhile. */
  hold(type: RequestType): void {
    this.#held.set(type, [])
  }

  release(type: RequestType): void {
    const held = this.#held.get(type) ?? []
    this.#held.delete(type)
    for (const send of held) send()
  }

  /** The next answer to a request of this type is lost. */
  loseAnswer(type: RequestType): void {
    this.#losing.add(type)
  }

  append(topic: string, partition: number, ...values: string[]): void {
    const records = values.map((value) => ({
      key: null,
      value: text.encode(value),
      timestamp: this.#runtime.now(),
      headers: [],
    }))
    this.cluster.append(topic, partition, records)
  }

  /** What readers of committed records see of a partition. */
  committed(topic: string, partition: number): string[] {
    return this.cluster
      .readCommitted(topic, partition)
      .map(({ record }) => text.decode(record.value ?? new Uint8Array(0)))
  }

  #deliver<R extends KafkaRequest>(
    request: R,
    onResponse: (response: ResponseTo<R>) => void,
  ): void {
    this.#runtime.schedule(LINK_MS, request.type, () => {
      const isLost = this.#losing.delete(request.type)
      this.cluster.handle(request, (response) => {
        if (isLost) return
        this.#runtime.schedule(LINK_MS, response.type, () => {
          onResponse(response as ResponseTo<R>)
        })
      })
    })
  }
}

/** `init-producer-id sink-0-1`, `end-txn sink-0-1 commit`, `produce 1`, else the type. */
function describe(request: KafkaRequest): string {
  switch (request.type) {
    case 'init-producer-id':
      return `init-producer-id ${request.transactionalId ?? ''}`
    case 'end-txn':
      return `end-txn ${request.transactionalId} ${request.result}`
    default:
      return request.type
  }
}

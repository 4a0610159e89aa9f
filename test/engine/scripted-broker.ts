/** A broker that the test plays: requests wait until it answers them. */
import { present } from '../../engine/assert.ts'
import type { KafkaRequest, KafkaResponse, RequestType } from '../../engine/kafka/protocol.ts'
import type { BrokerConnection, BrokerPort } from '../../engine/runtime.ts'
import type { FakeRuntime } from './fake-runtime.ts'

type Request<T extends RequestType> = Extract<KafkaRequest, { type: T }>
type Response<T extends RequestType> = Extract<KafkaResponse, { type: T }>

export interface Received<T extends RequestType = RequestType> {
  readonly broker: number | null
  readonly request: Request<T>
  readonly answer: (response: Omit<Response<T>, 'type'>) => void
}

/** Node id of the broker that leads and coordinates everything, as discovery says unless the test plays that too. */
export const LEADER = 7

export class ScriptedBroker implements BrokerPort {
  readonly received: Received[] = []
  isClosed = false
  readonly #runtime: FakeRuntime
  /** Answers metadata and find-coordinator by itself. */
  readonly #playsDiscovery: boolean

  constructor(runtime: FakeRuntime, playsDiscovery = true) {
    this.#runtime = runtime
    this.#playsDiscovery = playsDiscovery
  }

  connect(): BrokerConnection {
    return {
      send: (broker, request, onResponse) => {
        const answer = (response: object): void => {
          onResponse({ type: request.type, ...response } as Parameters<typeof onResponse>[0])
        }
        const discovered = this.#playsDiscovery ? discover(request) : null
        if (discovered !== null) this.#runtime.schedule(0, 'discovery', () => answer(discovered))
        else this.received.push({ broker, request, answer })
      },
      close: () => {
        this.isClosed = true
      },
    }
  }

  /** The oldest request that waits, which must be of this type. */
  next<T extends RequestType>(type: T): Received<T> {
    this.#runtime.advance()
    const received = present(this.received.shift(), `A ${type} request came.`)
    if (!isOf(received, type)) throw new Error(`${received.request.type} came instead of ${type}.`)
    return received
  }

  /** Types of the requests that wait. */
  get waiting(): string[] {
    this.#runtime.advance()
    return this.received.map(({ request }) => request.type)
  }
}

function isOf<T extends RequestType>(
  received: Received,
  type: T,
): received is Received & Received<T> {
  return received.request.type === type
}

function discover(request: KafkaRequest): object | null {
  if (request.type === 'find-coordinator') return { error: 'NONE', broker: LEADER }
  if (request.type !== 'metadata') return null
  const partitions = [0, 1, 2].map((partition) => ({ partition, leader: LEADER }))
  return {
    brokers: [LEADER],
    topics: (request.topics ?? []).map((topic) => ({ topic, error: 'NONE', partitions })),
  }
}

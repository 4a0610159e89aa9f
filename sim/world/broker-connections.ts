/**
 * Connections of simulated processes to the simulated cluster: FIFO with latency in both directions, as a TCP connection
 * is, and the place where request faults strike. A request of a process that died after sending still arrives.
 */
import type { KafkaRequest, KafkaResponse, ResponseTo } from '../../engine/kafka/protocol.ts'
import type { BrokerConnection, BrokerPort } from '../../engine/runtime.ts'
import type { FaultInjector } from '../faults/fault-injector.ts'
import type { SimulatedCluster } from '../kafka/simulated-cluster.ts'
import type { Network } from './network.ts'
import type { SimulatedProcess } from './process.ts'
import type { World } from './world.ts'

export interface ConnectionOptions {
  readonly world: World
  readonly network: Network
  readonly cluster: SimulatedCluster
  readonly faults: FaultInjector
  readonly process: SimulatedProcess
}

/** The broker's name on links. */
const BROKER = 'broker-1'

export function simulatedBrokerPort(options: ConnectionOptions): BrokerPort {
  return {
    connect: (clientId) => new SimulatedConnection(options, clientId),
  }
}

class SimulatedConnection implements BrokerConnection {
  readonly #options: ConnectionOptions
  /** The link's name: a connection of its own for each client and life of the process. */
  readonly #end: string
  #isOpen = true

  constructor(options: ConnectionOptions, clientId: string) {
    this.#options = options
    const { id, incarnation } = options.process
    this.#end = `${id}.${incarnation}/${clientId}`
  }

  send<R extends KafkaRequest>(
    _broker: number | null,
    request: R,
    onResponse: (response: ResponseTo<R>) => void,
  ): void {
    const { faults, network, process } = this.#options
    const { delayMs, duplicateAfterMs, losesResponse } = faults.onRequest(process.id, request.type)
    const arrival = network.arrival(this.#end, BROKER, delayMs)
    const isRetry = duplicateAfterMs === 0
    // A duplicate at once is a retry whose first answer was lost: the client takes the second.
    this.#deliver(arrival, request, losesResponse || isRetry ? null : onResponse)
    if (duplicateAfterMs === null) return
    const again = arrival + Math.round(duplicateAfterMs * 1000)
    this.#deliver(again, request, isRetry && !losesResponse ? onResponse : null)
  }

  close(): void {
    this.#isOpen = false
  }

  /** `onResponse` null: the answer is lost. */
  #deliver<R extends KafkaRequest>(
    atMicros: number,
    request: R,
    onResponse: ((response: ResponseTo<R>) => void) | null,
  ): void {
    const { world, cluster, network, process } = this.#options
    world.at(atMicros, request.type, BROKER, () => {
      cluster.handle(request, (response) => {
        if (onResponse === null) return
        world.at(network.arrival(BROKER, this.#end), response.type, process.id, () => {
          if (process.isAlive && this.#isOpen && answers(request, response)) onResponse(response)
        })
      })
    })
  }
}

function answers<R extends KafkaRequest>(
  request: R,
  response: KafkaResponse,
): response is ResponseTo<R> {
  return response.type === request.type
}

/** A world without job: a network with links of 1 ms and processes that write down what they receive. */
import { JOB_MASTER, workerId } from '../../../engine/ids.ts'
import type { Message } from '../../../engine/messages.ts'
import type { Runtime } from '../../../engine/runtime.ts'
import type { CostModel } from '../../../sim/world/cost-model.ts'
import { Network } from '../../../sim/world/network.ts'
import { SimulatedProcess, simulatedRuntime } from '../../../sim/world/process.ts'
import { World } from '../../../sim/world/world.ts'

const COSTS: CostModel = {
  recordMicros: 100,
  byteNanos: 10,
  linkMicros: 1000,
  linkJitterMicros: 0,
  storageMicros: 5000,
  storageMicrosPerKilobyte: 1000,
}

export interface Started {
  readonly process: SimulatedProcess
  readonly runtime: Runtime
}

export class SmallWorld {
  readonly world: World
  readonly costs: CostModel
  readonly network: Network
  /** `3.5 worker-1 heartbeat-request`: time, receiver, message. */
  readonly received: string[] = []

  constructor(costs: Partial<CostModel> = {}, seed = 1) {
    this.world = new World(seed, 'control')
    this.costs = { ...COSTS, ...costs }
    this.network = new Network(this.world, this.costs)
  }

  start(name: string, incarnation = 1): Started {
    const process = new SimulatedProcess(
      name === JOB_MASTER ? JOB_MASTER : workerId(name),
      incarnation,
    )
    process.attach((message) => {
      this.received.push(`${this.world.now()} ${name} ${label(message)}`)
    })
    this.network.register(process)
    const { world, network, costs } = this
    return { process, runtime: simulatedRuntime({ process, world, network, costs }) }
  }

  /** Dispatches everything up to a time. */
  runUntil(ms: number): void {
    let isOver = false
    this.world.at(ms * 1000, 'until', 'test', () => {
      isOver = true
    })
    while (!isOver && this.world.step());
  }

  run(): void {
    while (this.world.step());
  }
}

/** A message with a number, to tell one from another. */
export function numbered(incarnation: number): Message {
  const worker = workerId('worker-1')
  return { type: 'heartbeat', worker, incarnation, epoch: 1, beat: 1, hosted: [] }
}

function label(message: Message): string {
  return message.type === 'heartbeat' ? `#${message.incarnation}` : message.type
}

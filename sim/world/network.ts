/**
 * Links between processes: FIFO per ordered pair, with a latency drawn per message. A message to a process that is dead
 * when it arrives is lost; so is one to a former life of a restarted process.
 */
import type { ActorId } from '../../engine/ids.ts'
import type { Message } from '../../engine/messages.ts'
import type { CostModel } from './cost-model.ts'
import type { SimulatedProcess } from './process.ts'
import type { World } from './world.ts'

export class Network {
  readonly #world: World
  readonly #costs: CostModel
  readonly #processes = new Map<ActorId, SimulatedProcess>()
  /** Arrival of the newest message on each link, so that none overtakes. */
  readonly #lastArrival = new Map<string, number>()

  constructor(world: World, costs: CostModel) {
    this.#world = world
    this.#costs = costs
  }

  /** The process that now answers to its id. */
  register(process: SimulatedProcess): void {
    this.#processes.set(process.id, process)
  }

  find(id: string): SimulatedProcess | undefined {
    for (const process of this.#processes.values()) if (process.id === id) return process
    return undefined
  }

  send(from: ActorId, to: ActorId, message: Message): void {
    const target = this.#processes.get(to)
    if (target === undefined) return
    this.#world.at(this.arrival(from, to), message.type, to, () => {
      target.receive(message)
    })
  }

  /** When something sent now over the link arrives, in microseconds; a process reaches itself at once. */
  arrival(from: string, to: string, extraDelayMs = 0): number {
    const link = `${from}>${to}`
    const { linkMicros, linkJitterMicros } = this.#costs
    const latency =
      from === to ? 0 : linkMicros + this.#world.random.draw(`link:${link}`, linkJitterMicros + 1)
    const earliest = this.#world.turnEndMicros + latency + Math.round(extraDelayMs * 1000)
    const arrival = Math.max(earliest, this.#lastArrival.get(link) ?? 0)
    this.#lastArrival.set(link, arrival)
    return arrival
  }
}

/**
 * A simulated process: an actor with a lifetime. What a dead process scheduled, was sent, or waits for never reaches it.
 * Also its Runtime: the engine's port to virtual time, the network and the trace.
 */
import { assert } from '../../engine/assert.ts'
import type { ActorId } from '../../engine/ids.ts'
import type { Message } from '../../engine/messages.ts'
import type { Runtime, Timer, Work } from '../../engine/runtime.ts'
import type { Fact } from '../../engine/trace.ts'
import type { CostModel } from './cost-model.ts'
import type { ScheduledEvent } from './event-queue.ts'
import type { Network } from './network.ts'
import type { World } from './world.ts'

export class SimulatedProcess {
  readonly id: ActorId
  readonly incarnation: number
  #isAlive = true
  #receive: ((message: Message) => void) | null = null

  constructor(id: ActorId, incarnation: number) {
    this.id = id
    this.incarnation = incarnation
  }

  get isAlive(): boolean {
    return this.#isAlive
  }

  /** Who handles the messages of this process. */
  attach(receive: (message: Message) => void): void {
    this.#receive = receive
  }

  receive(message: Message): void {
    if (this.#isAlive) this.#receive?.(message)
  }

  crash(): void {
    this.#isAlive = false
  }
}

export interface RuntimeOptions {
  readonly process: SimulatedProcess
  readonly world: World
  readonly network: Network
  readonly costs: CostModel
}

/** The Runtime of one process. */
export function simulatedRuntime({ process, world, network, costs }: RuntimeOptions): Runtime {
  const events = new Map<Timer, ScheduledEvent>()
  return {
    self: process.id,
    traceLevel: world.traceLevel,
    now: () => world.now(),
    schedule(delayMs, label, callback) {
      assert(delayMs >= 0, `${process.id} scheduled ${label} in the past.`)
      const timer: Timer = { label }
      const event = world.after(delayMs, label, process.id, () => {
        events.delete(timer)
        if (process.isAlive) callback()
      })
      events.set(timer, event)
      return timer
    },
    cancel(timer) {
      const event = events.get(timer)
      if (event !== undefined) event.isCanceled = true
      events.delete(timer)
    },
    send(to, message) {
      network.send(process.id, to, message)
    },
    trace(fact: Fact) {
      world.record(fact)
    },
    spend({ records, bytes }: Work) {
      world.spend(records * costs.recordMicros + Math.ceil((bytes * costs.byteNanos) / 1000))
    },
    random: (stream, bound) => world.random.draw(`${process.id}:${stream}`, bound),
  }
}

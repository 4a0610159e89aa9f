/**
 * Links between processes: FIFO per ordered pair, with a latency drawn per message. A message to a process that is dead
 * when it arrives is lost; so is one to a former life of a restarted process, and one that a fault takes. A channel is a
 * TCP connection: once something of it is lost nothing more of it arrives, and both its ends are told so.
 */
import { CLIENT } from '../../engine/ids.ts'
import type { ActorId, ReceiverId } from '../../engine/ids.ts'
import type { ChannelMessage, Message } from '../../engine/messages.ts'
import type { SentMessage } from '../plan/plan.ts'
import type { CostModel } from './cost-model.ts'
import type { SimulatedProcess } from './process.ts'
import type { World } from './world.ts'

/** Whether a fault takes a message on its way. `isHeard`: somebody is alive at the end of the link. */
export type Loses = (from: ActorId, to: ActorId, message: SentMessage, isHeard: boolean) => boolean

type BreakableMessage = Exclude<ChannelMessage, { type: 'channel-broken' }>

export class Network {
  readonly #world: World
  readonly #costs: CostModel
  readonly #processes = new Map<ActorId, SimulatedProcess>()
  /** Arrival of the newest message on each link, so that none overtakes. */
  readonly #lastArrival = new Map<string, number>()
  /** Channels, with the attempt of their consumer, on which a buffer was lost. */
  readonly #broken = new Set<string>()
  #loses: Loses = () => false
  #client: (message: Message) => void = () => undefined

  constructor(world: World, costs: CostModel) {
    this.#world = world
    this.#costs = costs
  }

  /** Who decides what is lost. */
  lose(loses: Loses): void {
    this.#loses = loses
  }

  /** The process that now answers to its id. */
  register(process: SimulatedProcess): void {
    this.#processes.set(process.id, process)
  }

  find(id: string): SimulatedProcess | undefined {
    for (const process of this.#processes.values()) if (process.id === id) return process
    return undefined
  }

  /** Who hears what the job master replies to its client. */
  connectClient(receive: (message: Message) => void): void {
    this.#client = receive
  }

  send(from: ReceiverId, to: ReceiverId, message: Message): void {
    if (to === CLIENT) {
      this.#world.at(this.arrival(from, to), message.type, to, () => {
        this.#client(message)
      })
      return
    }
    const target = this.#processes.get(to)
    if (target === undefined) return
    // Drawn in any case, so that a loss shifts nobody else's latency.
    const arrival = this.arrival(from, to)
    if (from !== to && from !== CLIENT && this.#isLost(from, target, message)) return
    this.#world.at(arrival, message.type, to, () => {
      target.receive(message)
    })
  }

  #isLost(from: ActorId, target: SimulatedProcess, message: Message): boolean {
    const { type } = message
    if (isOfClient(type)) return false
    if (type === 'channel-broken') return false
    if (type === 'element' && this.#broken.has(`${message.channel} ${message.attempt}`)) return true
    if (!this.#loses(from, target.id, type, target.isAlive)) return false
    this.#world.record({ type: 'message-lost', from, to: target.id, message: type })
    if (isBreakable(message)) this.#break(from, target, message)
    return true
  }

  /** Both ends notice after the latency of a link. */
  #break(from: ActorId, target: SimulatedProcess, message: BreakableMessage): void {
    const { channel, attempt } = message
    if (message.type === 'element') this.#broken.add(`${channel} ${attempt}`)
    const sender = this.#processes.get(from)
    const ownAttempt = message.type === 'connect-channel' ? message.consumer : null
    const at = this.#world.turnEndMicros + this.#costs.linkMicros
    this.#world.at(at, 'channel-broken', target.id, () => {
      target.receive({ type: 'channel-broken', channel, attempt })
    })
    this.#world.at(at, 'channel-broken', from, () => {
      sender?.receive({ type: 'channel-broken', channel, attempt: ownAttempt })
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

function isBreakable(message: Message): message is BreakableMessage {
  switch (message.type) {
    case 'connect-channel':
    case 'channel-unavailable':
    case 'element':
    case 'credit':
      return true
    default:
      return false
  }
}

/** What is said to and by somebody outside is not lost: people ask again. */
function isOfClient(
  type: Message['type'],
): type is Exclude<Message['type'], SentMessage | 'channel-broken'> {
  switch (type) {
    case 'trigger-savepoint':
    case 'stop-with-savepoint':
    case 'cancel-job':
    case 'savepoint-completed':
    case 'job-stopped':
    case 'job-canceled':
    case 'request-failed':
      return true
    default:
      return false
  }
}

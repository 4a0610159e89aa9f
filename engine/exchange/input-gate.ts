/**
 * The receiving end of all channels of a subtask: one FIFO per channel, polled round robin, with blocked channels
 * left out. Grants credit back as record buffers are taken, so that at most `CHANNEL_CREDIT` of them are on their way
 * or queued per channel. Barriers that overtake are not queued. Shows what is in flight to whoever captures it, and
 * knows nothing of why. Invariant: all other elements of one channel are taken in sequence, without gap.
 */
import { assert, present } from '../assert.ts'
import type { Barrier, Element, RecordBuffer } from '../element.ts'
import type { AttemptId, ChannelId, CheckpointId } from '../ids.ts'
import type { ChannelMessage, ChannelPeer } from '../messages.ts'
import type { Runtime } from '../runtime.ts'
import { isUnaligned } from './barrier-alignment.ts'

/** Record buffers that a producer may have under way to one channel (Flink: 2 exclusive per channel). */
export const CHANNEL_CREDIT = 2

/** How soon a consumer asks again for a producer that is not deployed yet. */
const CONNECT_RETRY_MS = 20

interface InputChannel {
  readonly index: number
  readonly peer: ChannelPeer
  readonly queue: Element[]
  head: number
  expectedSequence: number
  isBlocked: boolean
  isFinished: boolean
  /** While records that arrive belong to a snapshot. */
  capture: Capture | null
}

interface Capture {
  readonly checkpoint: CheckpointId
  readonly onBuffer: OnBuffer
}

/** Takes a buffer that is in flight. */
type OnBuffer = (buffer: RecordBuffer) => void

export interface Polled {
  readonly channel: number
  readonly element: Element
}

export class InputGate {
  readonly #runtime: Runtime
  readonly #attempt: AttemptId
  readonly #channels: readonly InputChannel[]
  readonly #byId: ReadonlyMap<ChannelId, InputChannel>
  #next = 0
  #isClosed = false

  constructor(runtime: Runtime, attempt: AttemptId, peers: readonly ChannelPeer[]) {
    this.#runtime = runtime
    this.#attempt = attempt
    this.#channels = peers.map((peer, index) => ({
      index,
      peer,
      queue: [],
      head: 0,
      expectedSequence: 0,
      isBlocked: false,
      isFinished: false,
      capture: null,
    }))
    this.#byId = new Map(this.#channels.map((channel) => [channel.peer.channel, channel]))
  }

  get channelCount(): number {
    return this.#channels.length
  }

  channelId(index: number): ChannelId {
    return this.#channel(index).peer.channel
  }

  /** Asks every producer for data. */
  connect(): void {
    for (const channel of this.#channels) this.#connect(channel)
  }

  /** The channel that it came through. */
  receive(message: Extract<ChannelMessage, { type: 'element' }>): number {
    const channel = present(this.#byId.get(message.channel), `No channel ${message.channel}.`)
    assert(
      message.sequence === channel.expectedSequence,
      `Channel ${message.channel} got element ${message.sequence} but expected ${channel.expectedSequence}.`,
    )
    channel.expectedSequence += 1
    const { element } = message
    const overtakes = element.type === 'barrier' && isUnaligned(element)
    if (!overtakes) channel.queue.push(element)
    if (channel.capture !== null) captureArrival(channel, channel.capture, element)
    if (element.type === 'records' && this.#runtime.traceLevel === 'records') {
      this.#runtime.trace({
        type: 'buffer-received',
        channel: message.channel,
        element: message.sequence,
        attempt: this.#attempt,
        queued: channel.queue.length - channel.head,
      })
    }
    return channel.index
  }

  /** Elements that wait in the queue. */
  queued(index: number): number {
    const { queue, head } = this.#channel(index)
    return queue.length - head
  }

  /** Fetches the barrier out of the queue. `overtaken`: so many elements were in front of it. */
  fetchBarrier(
    index: number,
    checkpoint: CheckpointId,
  ): { readonly barrier: Barrier; readonly overtaken: number } {
    const { queue, head } = this.#channel(index)
    const at = queue.findIndex((element, place) => place >= head && isBarrier(element, checkpoint))
    const barrier = queue[at]
    assert(
      barrier?.type === 'barrier',
      `No barrier of checkpoint ${checkpoint} waits in channel ${this.channelId(index)}.`,
    )
    queue.splice(at, 1)
    return { barrier, overtaken: at - head }
  }

  /**
   * Shows what is in flight in front of the barrier of the checkpoint: the first `overtaken` elements of the queue, if the
   * barrier has overtaken them; else what stands in front of it, and, if it has not come, also what arrives until it does.
   */
  capture(
    index: number,
    checkpoint: CheckpointId,
    overtaken: number | null,
    onBuffer: OnBuffer,
  ): void {
    const channel = this.#channel(index)
    const queued = channel.queue.slice(channel.head)
    const barrierAt = queued.findIndex((element) => isBarrier(element, checkpoint))
    const end = overtaken ?? (barrierAt === -1 ? queued.length : barrierAt)
    for (const element of queued.slice(0, end)) if (element.type === 'records') onBuffer(element)
    if (overtaken === null && barrierAt === -1) channel.capture = { checkpoint, onBuffer }
  }

  stopCapture(): void {
    for (const channel of this.#channels) channel.capture = null
  }

  /** The producer is not there yet: asks again a little later. */
  retryConnect(id: ChannelId): void {
    const channel = present(this.#byId.get(id), `No channel ${id}.`)
    this.#runtime.schedule(CONNECT_RETRY_MS, 'connect-retry', () => {
      this.#connect(channel)
    })
  }

  /** The next element of a channel that is not blocked, or null. */
  poll(): Polled | null {
    const count = this.#channels.length
    for (let step = 0; step < count; step++) {
      const channel = this.#channel((this.#next + step) % count)
      if (channel.isBlocked || channel.head === channel.queue.length) continue
      this.#next = (channel.index + 1) % count
      return { channel: channel.index, element: this.#take(channel) }
    }
    return null
  }

  get hasInput(): boolean {
    return this.#channels.some((c) => !c.isBlocked && c.head < c.queue.length)
  }

  block(index: number): void {
    this.#channel(index).isBlocked = true
  }

  unblock(index: number): void {
    this.#channel(index).isBlocked = false
  }

  finish(index: number): void {
    this.#channel(index).isFinished = true
  }

  get isFinished(): boolean {
    return this.#channels.every((channel) => channel.isFinished)
  }

  /** The attempt is over: no producer is asked any more, which would otherwise go on for ever. */
  close(): void {
    this.#isClosed = true
  }

  #take(channel: InputChannel): Element {
    const element = present(channel.queue[channel.head], 'An empty channel was polled.')
    channel.head += 1
    if (channel.head === channel.queue.length) {
      channel.queue.length = 0
      channel.head = 0
    }
    if (element.type === 'records') {
      const { peer } = channel
      this.#runtime.send(peer.worker, {
        type: 'credit',
        channel: peer.channel,
        attempt: peer.attempt,
        credit: 1,
      })
    }
    return element
  }

  #connect(channel: InputChannel): void {
    if (this.#isClosed) return
    const { peer } = channel
    assert(this.#runtime.self !== 'job-master', 'The job master has no channels.')
    this.#runtime.send(peer.worker, {
      type: 'connect-channel',
      channel: peer.channel,
      attempt: peer.attempt,
      credit: CHANNEL_CREDIT,
      consumer: this.#attempt,
      consumerWorker: this.#runtime.self,
    })
  }

  #channel(index: number): InputChannel {
    return present(this.#channels[index], `No input channel ${index}.`)
  }
}

function captureArrival(channel: InputChannel, capture: Capture, element: Element): void {
  if (element.type === 'records') capture.onBuffer(element)
  else if (element.type === 'barrier' && element.checkpoint >= capture.checkpoint) {
    channel.capture = null
  }
}

function isBarrier(element: Element, checkpoint: CheckpointId): boolean {
  return element.type === 'barrier' && element.checkpoint === checkpoint
}

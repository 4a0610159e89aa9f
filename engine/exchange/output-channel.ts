/**
 * The sending end of a channel: a FIFO of elements that leave as the consumer grants credit. Record buffers cost one
 * credit each; control elements cost none, as in Flink, so that a barrier never waits for credit behind its buffers'
 * departure. Invariant: elements leave in the order in which they were added, and none before the consumer connected;
 * only unaligned barriers leave in front of everything, and show what they overtake.
 */
import { assert } from '../assert.ts'
import { newRecordBuffer, BUFFER_RECORDS_MAX } from '../element.ts'
import type { Barrier, Element, Origins, RecordBuffer } from '../element.ts'
import type { CheckpointId } from '../ids.ts'
import type { ChannelPeer } from '../messages.ts'
import type { Runtime } from '../runtime.ts'
import { asUnaligned, isUnaligned } from './barrier-alignment.ts'

/** Finished buffers that may wait for credit before the producer must stop. */
export const OUTPUT_QUEUE_MAX = 4

export class OutputChannel {
  readonly peer: ChannelPeer
  readonly #runtime: Runtime
  readonly #isKeyed: boolean
  readonly #hasProvenance: boolean
  readonly #queue: Element[] = []
  #queuedBuffers = 0
  #current: RecordBuffer | null = null
  #credit = 0
  #isConnected = false
  #sequence = 0
  #awaited: { readonly checkpoint: CheckpointId; readonly onLeft: () => void } | null = null

  constructor(runtime: Runtime, peer: ChannelPeer, isKeyed: boolean, hasProvenance: boolean) {
    this.#runtime = runtime
    this.peer = peer
    this.#isKeyed = isKeyed
    this.#hasProvenance = hasProvenance
  }

  /** False: the queue is full and the producer must not process another record. */
  get isAvailable(): boolean {
    return this.#queuedBuffers < OUTPUT_QUEUE_MAX
  }

  add(value: unknown, timestamp: number, hash: number, origins: Origins | null): void {
    const buffer = (this.#current ??= newRecordBuffer(this.#isKeyed, this.#hasProvenance))
    buffer.values.push(value)
    buffer.timestamps.push(timestamp)
    if (buffer.hashes !== null) buffer.hashes.push(hash)
    if (buffer.origins !== null) buffer.origins.push(origins ?? [])
    if (buffer.values.length === BUFFER_RECORDS_MAX) this.flush()
  }

  /** Ends the current buffer, so that what it holds can leave. */
  flush(): void {
    const buffer = this.#current
    if (buffer === null) return
    this.#current = null
    this.#queue.push(buffer)
    this.#queuedBuffers += 1
    this.#drain()
  }

  /** Adds a control element behind everything written so far. */
  addControl(element: Exclude<Element, RecordBuffer>): void {
    this.flush()
    // A watermark makes one that still waits in front of it superfluous.
    if (element.type === 'watermark' && this.#queue.at(-1)?.type === 'watermark') this.#queue.pop()
    this.#queue.push(element)
    this.#drain()
  }

  /** Puts an unaligned barrier in front of everything, and shows the records that it overtakes. */
  addOvertaking(barrier: Barrier, onOvertaken: (buffer: RecordBuffer) => void): void {
    this.flush()
    this.#overtake(barrier, this.#queue.length, onOvertaken)
  }

  /** Lets a barrier that still waits in line overtake. */
  overtake(checkpoint: CheckpointId, onOvertaken: (buffer: RecordBuffer) => void): void {
    const at = this.#queue.findIndex((element) => isBarrierOf(element, checkpoint))
    const barrier = this.#queue[at]
    if (barrier?.type !== 'barrier') return
    this.#queue.splice(at, 1)
    this.#overtake(asUnaligned(barrier), at, onOvertaken)
  }

  /** Calls back when the barrier, which waits in line, has left; false when it has left already. */
  awaitBarrier(checkpoint: CheckpointId, onLeft: () => void): boolean {
    if (!this.#queue.some((element) => isBarrierOf(element, checkpoint))) return false
    this.#awaited = { checkpoint, onLeft }
    return true
  }

  #overtake(barrier: Barrier, count: number, onOvertaken: (buffer: RecordBuffer) => void): void {
    for (const element of this.#queue.slice(0, count)) {
      if (element.type === 'records') onOvertaken(element)
    }
    // Behind older ones that overtook before the consumer connected.
    const isOther = (element: Element): boolean =>
      element.type !== 'barrier' || !isUnaligned(element)
    const place = this.#queue.findIndex(isOther)
    this.#queue.splice(place === -1 ? this.#queue.length : place, 0, barrier)
    this.#drain()
  }

  connect(credit: number): void {
    if (this.#isConnected) return
    this.#isConnected = true
    this.addCredit(credit)
  }

  addCredit(credit: number): void {
    assert(this.#isConnected, `Channel ${this.peer.channel} got credit before it was connected.`)
    this.#credit += credit
    this.#drain()
  }

  #drain(): void {
    if (!this.#isConnected) return
    let sent = 0
    for (const element of this.#queue) {
      if (element.type === 'records') {
        if (this.#credit === 0) break
        this.#credit -= 1
        this.#queuedBuffers -= 1
      }
      sent += 1
      this.#send(element)
    }
    if (sent > 0) this.#queue.splice(0, sent)
  }

  #send(element: Element): void {
    const sequence = this.#sequence++
    const { channel, attempt } = this.peer
    if (element.type === 'barrier') {
      const { checkpoint, alignment } = element
      this.#runtime.trace({ type: 'barrier-sent', checkpoint, channel, alignment })
      if (this.#awaited?.checkpoint === checkpoint) {
        const { onLeft } = this.#awaited
        this.#awaited = null
        onLeft()
      }
    } else if (element.type === 'records' && this.#runtime.traceLevel === 'records') {
      this.#runtime.trace({
        type: 'buffer-sent',
        channel,
        element: sequence,
        attempt,
        count: element.values.length,
        origins: element.origins?.flat() ?? [],
      })
    }
    this.#runtime.send(this.peer.worker, { type: 'element', channel, attempt, sequence, element })
  }
}

function isBarrierOf(element: Element, checkpoint: CheckpointId): boolean {
  return element.type === 'barrier' && element.checkpoint === checkpoint
}

/**
 * The sending end of a channel: a FIFO of elements that leave as the consumer grants credit. Record buffers cost one
 * credit each; control elements cost none, as in Flink, so that a barrier never waits for credit behind its buffers'
 * departure. Invariant: elements leave in the order in which they were added, and none before the consumer connected.
 */
import { assert } from '../assert.ts'
import { newRecordBuffer, BUFFER_RECORDS_MAX } from '../element.ts'
import type { Element, Origins, RecordBuffer } from '../element.ts'
import type { ChannelPeer } from '../messages.ts'
import type { Runtime } from '../runtime.ts'

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

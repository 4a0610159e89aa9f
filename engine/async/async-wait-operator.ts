/**
 * Calls a service for each record and emits what becomes of the answer. At most `capacity` records wait for answers; they
 * are the operator's state, and are asked about again after a restore. Watermarks and the end of the input wait for the
 * records before them. Answers are taken in turns of their own: a reply only notes what it brought.
 * Source: Flink AsyncWaitOperator.
 */
import type { OperatorStateEntry } from '../checkpoint/snapshot-handle.ts'
import type { Origins } from '../element.ts'
import { UserFunctionError } from '../errors.ts'
import type {
  Collector,
  Operator,
  OperatorContext,
  OperatorSnapshot,
} from '../operator/operator.ts'
import type { ServiceReply } from '../runtime.ts'
import { binary } from '../serializer.ts'
import type { AsyncSpec } from './async-spec.ts'
import { InFlightQueue } from './in-flight-queue.ts'

const STATE = 'in-flight'

/** A record on its way to a service and back. */
interface InFlight {
  readonly value: unknown
  readonly timestamp: number
  readonly origins: Origins | null
  /** Calls so far. */
  attempts: number
  /** Until it is answered, or too late: null. */
  outcome:
    { readonly type: 'replied'; readonly reply: unknown } | { readonly type: 'timed-out' } | null
}

export class AsyncWaitOperator implements Operator {
  readonly uid: string
  readonly #spec: AsyncSpec
  readonly #context: OperatorContext
  readonly #output: Collector
  readonly #queue: InFlightQueue<InFlight>
  /** Beyond the capacity: from an operator of the chain that emits several records at once, or restored. */
  readonly #uncalled: InFlight[] = []
  /** Called, the earliest first, with the end of their time; begins with one that is not answered. */
  readonly #deadlines: { readonly record: InFlight; readonly at: number }[] = []
  #called = 0
  #isTimeoutSet = false
  #isEmitScheduled = false
  #isClosed = false

  constructor(spec: AsyncSpec, context: OperatorContext) {
    this.uid = context.uid
    this.#spec = spec
    this.#context = context
    this.#output = context.output(null)
    this.#queue = new InFlightQueue(spec.order)
  }

  get isAvailable(): boolean {
    return this.#queue.size < this.#spec.capacity
  }

  get isDrained(): boolean {
    return this.#queue.isEmpty
  }

  open(restored: readonly OperatorStateEntry[]): void {
    for (const { name, items } of restored) {
      if (name !== STATE) continue
      for (const item of items) this.#take(decodeRecord(item))
    }
  }

  process(value: unknown, timestamp: number): void {
    const { provenance } = this.#context
    const origins = provenance.isOn ? provenance.current : null
    this.#take({ value, timestamp, origins, attempts: 0, outcome: null })
  }

  processWatermark(timestamp: number): void {
    if (this.#queue.isEmpty) this.#context.emitWatermark(timestamp)
    else this.#queue.addControl({ type: 'watermark', timestamp })
  }

  processStatus(isIdle: boolean): void {
    if (this.#queue.isEmpty) this.#context.emitStatus(isIdle)
    else this.#queue.addControl({ type: 'status', isIdle })
  }

  /** Watermarks are not in it: those that come after the restore are behind the records again. */
  snapshot(): OperatorSnapshot {
    const isLost = this.#context.mutants.active('in-flight-not-in-snapshot')
    const items = isLost ? [] : [...this.#queue.records()].map(encodeRecord)
    const entries: OperatorStateEntry[] =
      items.length === 0 ? [] : [{ name: STATE, redistribution: 'split', items }]
    return () => entries
  }

  close(): void {
    this.#isClosed = true
  }

  #take(record: InFlight): void {
    this.#queue.add(record)
    if (this.#called < this.#spec.capacity) this.#begin(record)
    else this.#uncalled.push(record)
  }

  #begin(record: InFlight): void {
    this.#called += 1
    this.#deadlines.push({ record, at: this.#context.runtime.now() + this.#spec.timeoutMs })
    this.#setTimeout()
    this.#call(record)
  }

  #call(record: InFlight): void {
    record.attempts += 1
    const request = this.#guard(() => this.#spec.request(record.value))
    this.#context.services.call(this.#spec.service, request, (reply) => {
      if (!this.#isClosed && record.outcome === null) this.#onReply(record, reply)
    })
  }

  #onReply(record: InFlight, reply: ServiceReply): void {
    if (reply.type === 'ok') {
      this.#settle(record, { type: 'replied', reply: reply.value })
      return
    }
    const { retry, service } = this.#spec
    if (retry !== null && record.attempts < retry.maxAttempts) {
      this.#context.schedule(retryDelayMs(retry, record.attempts), 'async-retry', () => {
        if (record.outcome === null) this.#call(record)
      })
      return
    }
    const calls = record.attempts === 1 ? '' : ` after ${record.attempts} calls`
    this.#context.fail(
      `The service "${service}" failed for the operator "${this.#context.name}"${calls}: ${reply.reason}.`,
    )
  }

  #settle(record: InFlight, outcome: NonNullable<InFlight['outcome']>): void {
    record.outcome = outcome
    this.#queue.answer(record)
    const open = this.#deadlines.findIndex((deadline) => deadline.record.outcome === null)
    this.#deadlines.splice(0, open < 0 ? this.#deadlines.length : open)
    if (this.#isEmitScheduled) return
    this.#isEmitScheduled = true
    this.#context.schedule(0, 'async-results', () => {
      this.#isEmitScheduled = false
      this.#emit()
    })
  }

  /** Emits all that may leave, and calls the service for those that waited for a place. */
  #emit(): void {
    for (;;) {
      const next = this.#queue.poll()
      if (next === undefined) break
      if (next.type === 'watermark') this.#context.emitWatermark(next.timestamp)
      else if (next.type === 'status') this.#context.emitStatus(next.isIdle)
      else this.#emitResults(next.record)
    }
    while (this.#called < this.#spec.capacity) {
      const record = this.#uncalled.shift()
      if (record === undefined) break
      this.#begin(record)
    }
    if (this.isAvailable) this.#context.wake()
  }

  #emitResults(record: InFlight): void {
    const { value, timestamp, origins, outcome } = record
    const { provenance } = this.#context
    this.#called -= 1
    const results = this.#guard(() => [
      ...(outcome?.type === 'replied'
        ? this.#spec.result(value, outcome.reply)
        : (this.#spec.onTimeout?.(value) ?? [])),
    ])
    if (provenance.isOn) provenance.current = origins
    for (const result of results) this.#output.emit(result, timestamp)
  }

  /** One timer at a time, for the record that was called first. */
  #setTimeout(): void {
    const [first] = this.#deadlines
    if (this.#isClosed || this.#isTimeoutSet || first === undefined) return
    this.#isTimeoutSet = true
    const { at } = first
    const delayMs = Math.max(0, at - this.#context.runtime.now())
    this.#context.schedule(delayMs, 'async-timeout', () => {
      this.#isTimeoutSet = false
      // Due is what the timer was set for, whatever rounding did to the clock.
      this.#expire(Math.max(at, this.#context.runtime.now()))
      this.#setTimeout()
    })
  }

  #expire(now: number): void {
    for (;;) {
      const [first] = this.#deadlines
      if (this.#isClosed || first === undefined || first.at > now) return
      this.#timeOut(first.record)
    }
  }

  #timeOut(record: InFlight): void {
    const { onTimeout, service, timeoutMs } = this.#spec
    if (onTimeout !== null) {
      this.#settle(record, { type: 'timed-out' })
      return
    }
    this.close()
    this.#context.fail(
      `The service "${service}" gave the operator "${this.#context.name}" no answer within ${timeoutMs} ms.`,
    )
  }

  #guard<R>(call: () => R): R {
    try {
      return call()
    } catch (error) {
      throw new UserFunctionError(this.#context.name, error)
    }
  }
}

function retryDelayMs(
  { delayMs, multiplier, maxDelayMs }: NonNullable<AsyncSpec['retry']>,
  attempts: number,
): number {
  let delay = delayMs
  for (let retry = 1; retry < attempts && delay < maxDelayMs; retry++) delay *= multiplier
  return Math.min(delay, maxDelayMs)
}

function encodeRecord({ value, timestamp, origins }: InFlight): Uint8Array {
  return binary.encode([value, timestamp, origins])
}

function decodeRecord(item: Uint8Array): InFlight {
  const [value, timestamp, origins] = binary.decode(item) as [unknown, number, Origins | null]
  return { value, timestamp, origins, attempts: 0, outcome: null }
}

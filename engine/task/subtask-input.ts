/**
 * What a subtask reads from its channels: takes elements, gives records to the head of the chain with their key current,
 * and merges the watermarks of the channels. A turn handles at most one buffer, and stops in the middle of it (or of a
 * watermark's timers) when an output is full. First of all come records that were in flight when it was snapshotted.
 */
import { present } from '../assert.ts'
import { MAX_WATERMARK, MIN_WATERMARK } from '../element.ts'
import type { ControlElement, RecordBuffer, Watermark, WatermarkStatus } from '../element.ts'
import { InputGate } from '../exchange/input-gate.ts'
import type { KeySelector } from '../exchange/partitioner.ts'
import type { ChannelMessage } from '../messages.ts'
import type { Operator } from '../operator/operator.ts'
import { hashKey } from '../serializer.ts'
import type { KeyedStateBackend } from '../state/keyed-state-backend.ts'
import { BatchSorter } from './batch-sorter.ts'
import type { ChainLink } from './chain-link.ts'
import { InputBarriers } from './input-barriers.ts'
import type { InputBarrierEvents } from './input-barriers.ts'
import type { OperatorChain } from './operator-chain.ts'
import type { SubtaskEnvironment } from './subtask-environment.ts'
import { traceState } from './trace-state.ts'
import { WatermarkMerger } from './watermark-merger.ts'

export interface SubtaskInputEvents extends Omit<InputBarrierEvents, 'current'> {
  /** Every channel ended, and everything they brought was processed. */
  onEnd(): void
}

/** Records that were in flight in the checkpoint that is restored, and the input that they were for. */
export interface RecoveredRecords {
  readonly input: number
  readonly records: RecordBuffer
}

interface CurrentBuffer extends RecoveredRecords {
  /** -1: recovered. */
  readonly channel: number
  at: number
}

export class SubtaskInput {
  readonly gate: InputGate
  /** The producers wait for a checkpoint that commits what was written, and so must this subtask. */
  awaitsBarrier = false
  readonly #env: SubtaskEnvironment
  readonly #chain: OperatorChain
  readonly #operator: Operator
  readonly #link: ChainLink
  readonly #keyedState: KeyedStateBackend | null
  readonly #keySelectors: readonly (KeySelector | null)[]
  readonly #events: SubtaskInputEvents
  readonly #merger: WatermarkMerger
  readonly #batch: BatchSorter | null
  readonly #barriers: InputBarriers
  #recovered: readonly RecoveredRecords[] = []
  #buffer: CurrentBuffer | null = null
  /** Watermarks and statuses to go through the chain; the timers of the first may not all have fired yet. */
  readonly #times: (Watermark | WatermarkStatus)[] = []
  #hasEnded = false

  constructor(
    env: SubtaskEnvironment,
    chain: OperatorChain,
    keyedState: KeyedStateBackend | null,
    events: SubtaskInputEvents,
  ) {
    const { deployment, graph, runtime, vertex } = env
    const { head } = chain
    const node = present(vertex.nodes[0], `Vertex ${vertex.id} has no operator.`)
    if (head.type === 'source') throw new TypeError(`The source ${node.uid} has no input.`)
    this.#env = env
    this.#chain = chain
    this.#operator = head.operator
    this.#link = head.link
    this.#keyedState = keyedState
    this.#keySelectors = node.inputs.map(({ keySelector }) => keySelector)
    this.#events = events
    this.gate = new InputGate(runtime, deployment.attempt, deployment.inputs)
    const inputs = deployment.inputs.map(({ input }) => input)
    this.#merger = new WatermarkMerger(inputs, env.mutants)
    this.#barriers = new InputBarriers(env, this.gate, {
      ...events,
      current: () => this.#buffer,
    })
    const isBatch = graph.runtimeMode === 'batch' && keyedState !== null
    this.#batch = isBatch ? new BatchSorter() : null
  }

  /** What the subtask processes before anything else. */
  recover(recovered: readonly RecoveredRecords[]): void {
    this.#recovered = recovered
  }

  /** False while recovered records wait. */
  get isRecovered(): boolean {
    return this.#recovered.length === 0 && this.#buffer === null
  }

  /** An element came over a link. Barriers that cannot wait are handled there and then. */
  receive(message: Extract<ChannelMessage, { type: 'element' }>): void {
    const channel = this.gate.receive(message)
    const { element } = message
    if (element.type === 'barrier') this.#barriers.arrive(channel, element)
    else if (element.type === 'records') this.#prefetch(channel, element)
  }

  /** The attempt is over. */
  close(): void {
    this.gate.close()
    this.#barriers.close()
  }

  /** True while there is more to do without waiting for anybody. */
  get hasWork(): boolean {
    return (
      !this.isRecovered ||
      this.#times.length > 0 ||
      this.gate.hasInput ||
      (this.gate.isFinished && !this.#hasEnded)
    )
  }

  /** One turn: one buffer or one control element. Returns the number of records it processed. */
  step(): number {
    if (this.#times.length > 0) {
      this.#passTime()
      return 0
    }
    if (this.#buffer !== null) return this.#processBuffer(this.#buffer)
    const [next, ...others] = this.#recovered
    if (next !== undefined) {
      this.#recovered = others
      this.#buffer = { ...next, channel: -1, at: 0 }
      return this.#processBuffer(this.#buffer)
    }
    // Behind the last end of data there are barriers only, which come behind what is emitted at the end.
    if (this.gate.isFinished && !this.#hasEnded) return this.#endInput()
    const polled = this.gate.poll()
    if (polled !== null) {
      const { channel, element } = polled
      if (element.type !== 'records') {
        this.#onControl(channel, element)
        return 0
      }
      const input = this.#merger.inputOf(channel)
      if (this.#batch !== null && this.#keySelectors[input] !== null) {
        this.#collect(this.#batch, input, element)
        return 0
      }
      this.#buffer = { input, channel, records: element, at: 0 }
      return this.#processBuffer(this.#buffer)
    }
    return 0
  }

  /** The records will be processed later: what is stored for their keys may be fetched meanwhile. */
  #prefetch(channel: number, { values, hashes }: RecordBuffer): void {
    const prefetch = this.#keyedState?.prefetch
    if (prefetch === undefined || hashes === null) return
    const keySelector = this.#keySelectors[this.#merger.inputOf(channel)] ?? null
    if (keySelector !== null) prefetch(values.map(keySelector), hashes)
  }

  /** Runs the chain over the buffer; stops when an output is full and goes on there in a later turn. */
  #processBuffer(buffer: CurrentBuffer): number {
    const { records, input } = buffer
    const { provenance } = this.#env
    const { values, timestamps, hashes, origins } = records
    const keySelector = this.#keySelectors[input] ?? null
    const keyedState = keySelector === null ? null : this.#keyedState
    const from = buffer.at
    let at = from
    for (; at < values.length; at++) {
      if (!this.#chain.isAvailable) break
      const value = values[at]
      if (provenance.isOn) provenance.current = origins?.[at] ?? null
      if (keyedState !== null && keySelector !== null) {
        keyedState.setCurrentKey(keySelector(value), hashes?.[at] ?? 0)
      }
      this.#process(input, value, timestamps[at] ?? 0)
    }
    buffer.at = at
    if (at === values.length) this.#buffer = null
    this.#barriers.processed(at - from, values[at - 1])
    return at - from
  }

  #process(input: number, value: unknown, timestamp: number): void {
    if (input === 0) this.#operator.process(value, timestamp)
    else this.#operator.processSecond?.(value, timestamp)
    if (this.#keyedState !== null) this.#afterRecord(input, this.#keyedState)
  }

  #afterRecord(input: number, keyedState: KeyedStateBackend): void {
    if (this.#env.isStrict) keyedState.checkHandedOut()
    // A broadcast record has no key whose state could be shown.
    const isKeyed = (this.#keySelectors[input] ?? null) !== null
    if (isKeyed && this.#env.runtime.traceLevel === 'records') {
      traceState(this.#env, this.#operator.uid, keyedState)
    }
  }

  #onControl(channel: number, element: ControlElement): void {
    switch (element.type) {
      case 'barrier':
        this.#barriers.deliver(channel, element)
        return
      case 'cancel-marker':
        this.#barriers.handle({ ...element, channel })
        return
      case 'end-of-data':
      case 'end-of-input':
        this.awaitsBarrier ||= element.type === 'end-of-data'
        this.gate.finish(channel)
        if (element.type === 'end-of-input')
          this.#barriers.handle({ type: 'end-of-input', channel })
        this.#mergeTime(this.#merger.finish(channel))
        return
      case 'watermark':
      case 'watermark-status':
        this.#mergeTime(this.#merger.receive(channel, element))
    }
  }

  /** In batch mode there is no time between the records, only their end. */
  #mergeTime(outputs: ReturnType<WatermarkMerger['receive']>): void {
    if (this.#env.graph.runtimeMode === 'batch') return
    this.#times.push(...outputs)
    this.#passTime()
  }

  /** One after the other; stops when an output is full and goes on there in a later turn. */
  #passTime(): void {
    for (;;) {
      const [time] = this.#times
      if (time === undefined) return
      if (time.type === 'watermark-status') this.#link.status(time.isIdle)
      else if (!this.#advance(time.timestamp)) return
      this.#times.shift()
    }
  }

  /** False: not all timers have fired yet. */
  #advance(watermark: number): boolean {
    const { provenance } = this.#env
    if (provenance.isOn) provenance.current = []
    this.#traceWatermark(watermark)
    return this.#link.advance(watermark, () => this.#chain.isAvailable)
  }

  #traceWatermark(watermark: number): void {
    const { runtime, deployment } = this.#env
    if (runtime.traceLevel !== 'records') return
    const isEnd = watermark === MAX_WATERMARK
    const { subtask } = deployment
    runtime.trace({ type: 'watermark-advanced', subtask, watermark: isEnd ? null : watermark })
  }

  /** In batch mode: the sorted records, key by key; a key's timers fire after its last record. */
  #endInput(): number {
    const { provenance } = this.#env
    const keyedState = this.#keyedState
    let processed = 0
    while (this.#batch !== null && keyedState !== null && this.#chain.isAvailable) {
      const next = this.#batch.next()
      if (next === null) break
      if (next.type === 'end-of-key') {
        if (provenance.isOn) provenance.current = []
        this.#link.endKey()
        continue
      }
      if (provenance.isOn) provenance.current = next.origins
      keyedState.setCurrentKey(next.key, next.hash)
      this.#process(next.input, next.value, next.timestamp)
      processed += 1
    }
    if (this.#batch?.isDrained ?? true) {
      this.#hasEnded = true
      if (this.#env.graph.runtimeMode === 'batch') this.#link.watermark(MAX_WATERMARK)
      this.#events.onEnd()
    }
    return processed
  }

  #collect(batch: BatchSorter, input: number, records: RecordBuffer): void {
    const { values, timestamps, hashes, origins } = records
    const keySelector = present(this.#keySelectors[input], `Input ${input} has no key.`)
    for (const [at, value] of values.entries()) {
      const key = keySelector(value)
      batch.add({
        input,
        key,
        hash: hashes?.[at] ?? hashKey(key),
        value,
        timestamp: timestamps[at] ?? MIN_WATERMARK,
        origins: origins?.[at] ?? null,
      })
    }
  }
}

/**
 * Carries out what the barrier handler of a subtask decides: blocks channels, fetches barriers out of queues, captures
 * what is in flight, keeps the time. No decision is taken here, but which handler there is: one that aligns or overtakes,
 * or, with at-least-once, one that only counts.
 */
import { assert } from '../assert.ts'
import type { Barrier, RecordBuffer } from '../element.ts'
import { asUnaligned, isTimeoutable, isUnaligned } from '../exchange/barrier-alignment.ts'
import { newHandler, step as stepHandler } from '../exchange/barrier-handler.ts'
import type { HandlerEffect, HandlerInput } from '../exchange/barrier-handler.ts'
import { newTracker, step as stepTracker } from '../exchange/barrier-tracker.ts'
import type { InputGate } from '../exchange/input-gate.ts'
import type { CheckpointId } from '../ids.ts'
import type { Timer } from '../runtime.ts'
import { ChannelCapture } from './channel-capture.ts'
import { inputNames } from './channel-names.ts'
import { sizeOf } from './record-size.ts'
import type { SubtaskEnvironment } from './subtask-environment.ts'

/** What is known of a checkpoint when the subtask is to take its snapshot. */
export interface Trigger {
  readonly barrier: Barrier
  /** From the first barrier to the last; 0 when those that are missing are not waited for. */
  readonly alignmentMs: number
  readonly processedBytes: number
  /** Takes what is in flight; null: nothing is. */
  readonly capture: ChannelCapture | null
}

export interface InputBarrierEvents {
  onTrigger(trigger: Trigger): void
  /** What was in flight is complete. */
  onCaptured(checkpoint: CheckpointId, alignmentMs: number, processedBytes: number): void
  onAbort(checkpoint: CheckpointId, reason: string): void
  /** Calls back in a turn of the subtask, unless it ended. */
  schedule(delayMs: number, label: string, callback: () => void): Timer
  /** The buffer that is being processed, with the place of the next record; null when there is none. */
  current(): {
    readonly channel: number
    readonly records: RecordBuffer
    readonly at: number
  } | null
}

export class InputBarriers {
  readonly #env: SubtaskEnvironment
  readonly #gate: InputGate
  readonly #events: InputBarrierEvents
  readonly #names: ReturnType<typeof inputNames>
  readonly #isTracking: boolean
  #handler: ReturnType<typeof newHandler>
  #tracker: ReturnType<typeof newTracker>
  #timer: Timer | null = null
  #capture: ChannelCapture | null = null
  /** Of barriers that overtook: how many elements of the channel's queue they did. */
  readonly #overtaken = new Map<number, number>()
  #processedBytes = 0

  constructor(env: SubtaskEnvironment, gate: InputGate, events: InputBarrierEvents) {
    this.#env = env
    this.#gate = gate
    this.#events = events
    this.#names = inputNames(env)
    const settings = env.graph.settings.checkpointing
    this.#isTracking = settings?.mode === 'at-least-once'
    this.#handler = newHandler(gate.channelCount, settings?.unaligned === true)
    this.#tracker = newTracker(gate.channelCount)
  }

  /** A barrier came over the link. One that overtakes is not in the queue. */
  arrive(channel: number, barrier: Barrier): void {
    if (isUnaligned(barrier)) {
      this.#overtaken.set(channel, this.#gate.queued(channel))
      this.#traceReceived(channel, barrier.checkpoint)
      this.handle({ type: 'barrier', channel, barrier })
    } else if (isTimeoutable(barrier)) {
      this.handle({ type: 'announcement', channel, barrier })
    }
  }

  /** A barrier's turn came in its channel. */
  deliver(channel: number, barrier: Barrier): void {
    this.#traceReceived(channel, barrier.checkpoint)
    this.handle({ type: 'barrier', channel, barrier })
  }

  handle(input: HandlerInput): void {
    const inputs = [input]
    for (const next of inputs) {
      for (const effect of this.#step(next)) this.#carryOut(effect, inputs)
    }
    this.#overtaken.clear()
  }

  /** Records were processed while some barriers are still missing; the last stands for all of them. */
  processed(count: number, last: unknown): void {
    if (this.#isCollecting) this.#processedBytes += count * sizeOf(last)
  }

  close(): void {
    this.#cancelTimer()
    this.#stopCapture()
  }

  get #isCollecting(): boolean {
    return this.#isTracking
      ? this.#tracker.tracked.length > 0
      : this.#handler.pending !== null && this.#handler.pending.startedAt !== null
  }

  #step(input: HandlerInput): readonly HandlerEffect[] {
    const now = this.#env.runtime.now()
    if (!this.#isTracking) {
      const [state, effects] = stepHandler(this.#handler, input, now)
      this.#handler = state
      return effects
    }
    assert(
      input.type !== 'announcement' && input.type !== 'timed-out',
      'A barrier that may time out came to a subtask that only counts barriers.',
    )
    const [state, effects] = stepTracker(this.#tracker, input, now)
    this.#tracker = state
    return effects
  }

  #carryOut(effect: HandlerEffect, inputs: HandlerInput[]): void {
    const { runtime, deployment } = this.#env
    switch (effect.type) {
      case 'block':
        this.#block(effect.channel, effect.checkpoint)
        return
      case 'unblock': {
        const { checkpoint } = effect
        const channel = this.#gate.channelId(effect.channel)
        this.#gate.unblock(effect.channel)
        runtime.trace({ type: 'channel-unblocked', checkpoint, channel })
        return
      }
      case 'start-timer':
        this.#startTimer(effect.checkpoint, effect.delayMs)
        return
      case 'cancel-timer':
        this.#cancelTimer()
        return
      case 'time-out': {
        const { checkpoint } = effect
        const { subtask } = deployment
        runtime.trace({ type: 'alignment-timed-out', checkpoint, subtask })
        return
      }
      case 'prioritize':
        inputs.push(this.#fetch(effect.channel, effect.checkpoint))
        return
      default:
        this.#conclude(effect)
    }
  }

  #conclude(
    effect: Extract<HandlerEffect, { type: 'capture' | 'trigger' | 'captured' | 'abort' }>,
  ): void {
    switch (effect.type) {
      case 'capture':
        this.#startCapture(effect.checkpoint, effect.delivered)
        return
      case 'trigger': {
        const { barrier, alignmentMs } = effect
        const trigger = { barrier, alignmentMs, processedBytes: this.#takeProcessed() }
        const capture = this.#capture
        // Bug A-26, by a mutant: what the barrier overtook is processed before the snapshot is taken.
        const isLate = capture !== null
        this.#conclusion(isLate, () => {
          this.#events.onTrigger({ ...trigger, capture })
        })
        return
      }
      case 'captured': {
        const { checkpoint, alignmentMs } = effect
        const processedBytes = this.#takeProcessed()
        this.#capture?.tell('input')
        this.#stopCapture()
        this.#conclusion(true, () => {
          this.#events.onCaptured(checkpoint, alignmentMs, processedBytes)
        })
        return
      }
      case 'abort':
        this.#takeProcessed()
        this.#stopCapture()
        this.#events.onAbort(effect.checkpoint, effect.reason)
        return
    }
  }

  #conclusion(isUnaligned: boolean, conclude: () => void): void {
    if (isUnaligned && this.#env.mutants.active('unaligned-consumes-behind-barrier')) {
      this.#events.schedule(0, 'late-snapshot', conclude)
    } else {
      conclude()
    }
  }

  #startCapture(checkpoint: CheckpointId, delivered: readonly number[]): void {
    const capture = new ChannelCapture(this.#env, checkpoint)
    this.#capture = capture
    const add = (index: number, buffer: RecordBuffer, from = 0): void => {
      const name = this.#names[index]
      assert(name !== undefined, `Input channel ${index} has no name.`)
      capture.add('input', this.#gate.channelId(index), name, buffer, from)
    }
    const current = this.#events.current()
    if (current !== null) add(current.channel, current.records, current.at)
    for (let index = 0; index < this.#gate.channelCount; index++) {
      const overtaken = this.#overtaken.get(index) ?? null
      // Of a channel that delivered its barrier in line, everything in front of it is processed.
      if (overtaken === null && delivered.includes(index)) continue
      this.#gate.capture(index, checkpoint, overtaken, (buffer) => {
        add(index, buffer)
      })
    }
  }

  #stopCapture(): void {
    this.#gate.stopCapture()
    this.#capture = null
  }

  #fetch(channel: number, checkpoint: CheckpointId): HandlerInput {
    const { barrier, overtaken } = this.#gate.fetchBarrier(channel, checkpoint)
    this.#overtaken.set(channel, overtaken)
    this.#traceReceived(channel, checkpoint)
    return { type: 'barrier', channel, barrier: asUnaligned(barrier) }
  }

  #takeProcessed(): number {
    const bytes = this.#processedBytes
    this.#processedBytes = 0
    return bytes
  }

  #startTimer(checkpoint: CheckpointId, delayMs: number): void {
    this.#cancelTimer()
    this.#timer = this.#events.schedule(delayMs, 'alignment-timeout', () => {
      this.#timer = null
      this.handle({ type: 'timed-out', checkpoint })
    })
  }

  #cancelTimer(): void {
    if (this.#timer !== null) this.#env.runtime.cancel(this.#timer)
    this.#timer = null
  }

  #block(index: number, checkpoint: CheckpointId): void {
    if (!this.#env.mutants.active('barrier-not-aligned')) this.#gate.block(index)
    const channel = this.#gate.channelId(index)
    this.#env.runtime.trace({ type: 'channel-blocked', checkpoint, channel })
  }

  #traceReceived(index: number, checkpoint: CheckpointId): void {
    const channel = this.#gate.channelId(index)
    this.#env.runtime.trace({ type: 'barrier-received', checkpoint, channel })
  }
}

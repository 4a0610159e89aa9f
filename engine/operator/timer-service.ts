/**
 * The timers of a keyed operator over the queues of its state backend, which hold them in order and keep them through
 * restarts. Before each call of the target the timer's key is the backend's current one.
 * Source: Flink InternalTimerServiceImpl, BatchExecutionInternalTimeService.
 */
import { assert } from '../assert.ts'
import { MAX_WATERMARK, MIN_WATERMARK } from '../element.ts'
import { ConfigurationError } from '../errors.ts'
import type { Timer } from '../runtime.ts'
import type { KeyedStateBackend } from '../state/keyed-state-backend.ts'
import type { TimerQueue } from '../state/timer-queue.ts'
import type { OperatorContext, RuntimeMode, TimerService, TimerTarget } from './operator.ts'

/** Longer waits are cut into such pieces: more than 31 bits of ms are more than a timer of Node can take. */
const WAIT_MAX_MS = 0x7fff_ffff

export interface TimerServicePorts extends Pick<
  OperatorContext,
  'schedule' | 'cancel' | 'processingTime' | 'mutants'
> {
  readonly state: KeyedStateBackend
  readonly runtimeMode: RuntimeMode
  /** False while what stands behind takes no records: what is due waits for `resume`. Default: never. */
  readonly mayFire?: () => boolean
}

export class KeyedTimerService implements TimerService {
  readonly #target: TimerTarget
  readonly #ports: TimerServicePorts
  readonly #event: TimerQueue
  readonly #processing: TimerQueue
  #currentWatermark = MIN_WATERMARK
  /** The next call for processing-time timers. */
  #wakeUp: { readonly at: number; readonly timer: Timer } | null = null
  #isQuiesced = false
  /** Processing-time timers are due and could not fire yet. */
  #isHeldBack = false
  /** Batch: the key is over, so what its timers register never fires. */
  #isEndingKey = false

  constructor(target: TimerTarget, ports: TimerServicePorts) {
    this.#target = target
    this.#ports = ports
    this.#event = ports.state.timerQueue('event')
    this.#processing = ports.state.timerQueue('processing')
  }

  get currentWatermark(): number {
    return this.#currentWatermark
  }

  processingTime(): number {
    return this.#ports.processingTime()
  }

  /** After the state was restored: processing-time timers that became due meanwhile fire at once. */
  open(): void {
    this.#scheduleWakeUp()
  }

  /** Processing-time timers are due and wait for `resume`. */
  get isHeldBack(): boolean {
    return this.#isHeldBack
  }

  /** What stands behind takes records again. */
  resume(): void {
    if (this.#isHeldBack) this.#fireDue()
  }

  /** The input ended: processing-time timers fire no more (Flink ProcessingTimeService.quiesce). */
  quiesce(): void {
    this.#isQuiesced = true
    this.#isHeldBack = false
    if (this.#wakeUp !== null) this.#ports.cancel(this.#wakeUp.timer)
    this.#wakeUp = null
  }

  registerEventTime(time: number, start = 0, end = 0): void {
    checkTime(time)
    if (!this.#isEndingKey) this.#event.add(time, start, end)
  }

  deleteEventTime(time: number, start = 0, end = 0): void {
    this.#event.remove(time, start, end)
  }

  registerProcessingTime(time: number, start = 0, end = 0): void {
    checkTime(time)
    if (this.#isEndingKey || !this.#processing.add(time, start, end)) return
    this.#scheduleWakeUp()
  }

  /** The call that was scheduled for it stays: it will find nothing due. */
  deleteProcessingTime(time: number, start = 0, end = 0): void {
    this.#processing.remove(time, start, end)
  }

  /**
   * Fires the event-time timers that are due at `watermark`, also those registered meanwhile. False when `mayContinue`
   * stopped it: call again with the same watermark.
   */
  advance(watermark: number, mayContinue: () => boolean = () => true): boolean {
    assert(
      watermark >= this.#currentWatermark,
      `The watermark goes back from ${this.#currentWatermark} to ${watermark}.`,
    )
    this.#currentWatermark = watermark
    while (this.#event.size > 0 && this.#event.peekTime() <= watermark) {
      if (!mayContinue()) return false
      this.#fire(this.#event, 'onEventTime')
    }
    return true
  }

  /** Batch, after the last record of a key: all its timers fire, first those of event time. */
  fireAll(): void {
    this.#currentWatermark = MAX_WATERMARK
    this.#isEndingKey = true
    while (this.#event.size > 0) this.#fire(this.#event, 'onEventTime')
    while (this.#processing.size > 0) this.#fire(this.#processing, 'onProcessingTime')
    this.#isEndingKey = false
    this.#currentWatermark = MIN_WATERMARK
  }

  #onWakeUp(): void {
    this.#wakeUp = null
    this.#fireDue()
  }

  #fireDue(): void {
    this.#isHeldBack = false
    while (this.#processing.size > 0 && this.#processing.peekTime() <= this.processingTime()) {
      if (this.#ports.mayFire?.() === false) {
        this.#isHeldBack = true
        return
      }
      this.#fire(this.#processing, 'onProcessingTime')
    }
    this.#scheduleWakeUp()
  }

  #fire(queue: TimerQueue, method: 'onEventTime' | 'onProcessingTime'): void {
    const due = queue.poll()
    assert(due !== undefined, 'A queue of timers with a size has no earliest one.')
    const { key, hash, time, start, end } = due
    const { state, mutants } = this.#ports
    if (!mutants.active('timer-under-former-key')) state.setCurrentKey(key, hash)
    this.#target[method](time, start, end)
    state.checkHandedOut()
  }

  /** Sees to it that somebody looks when the earliest processing-time timer is due. */
  #scheduleWakeUp(): void {
    const isSilent = this.#isQuiesced || this.#isHeldBack || this.#ports.runtimeMode === 'batch'
    if (isSilent || this.#processing.size === 0) return
    const at = this.#processing.peekTime()
    if (at === Number.POSITIVE_INFINITY) return
    if (this.#wakeUp !== null) {
      if (this.#wakeUp.at <= at) return
      this.#ports.cancel(this.#wakeUp.timer)
    }
    const delayMs = Math.min(Math.max(0, at - this.processingTime()), WAIT_MAX_MS)
    const timer = this.#ports.schedule(delayMs, 'processing-timer', () => {
      this.#onWakeUp()
    })
    this.#wakeUp = { at, timer }
  }
}

function checkTime(time: number): void {
  if (!Number.isNaN(time)) return
  throw new ConfigurationError(
    'bad-timer',
    'A timer was registered for NaN; it needs a time in ms.',
  )
}

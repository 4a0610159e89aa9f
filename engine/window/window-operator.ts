/**
 * The window operator: puts each record into its windows, asks the trigger, and emits, purges and removes windows as it
 * says. Must not know kinds of windows, triggers and contents: see window-assignment.ts, running-trigger.ts and
 * window-contents.ts. Per key and window there are contents, what the trigger remembers, states of the user's function,
 * and timers; the namespace of the states is the window's start.
 * Invariant: every window with contents has a timer at its cleanup time, if it has one.
 * Source: Flink WindowOperator, EvictingWindowOperator; the Dataflow Model.
 */
import { NO_TIMESTAMP } from '../element.ts'
import { ConfigurationError } from '../errors.ts'
import type { OperatorStateEntry } from '../checkpoint/snapshot-handle.ts'
import type { CheckpointId } from '../ids.ts'
import { functionError } from '../operator/function-errors.ts'
import { keyedBackend } from '../operator/keyed-states.ts'
import type {
  Collector,
  Operator,
  OperatorContext,
  TimerService,
  TimerTarget,
} from '../operator/operator.ts'
import type { KeyedStateBackend } from '../state/keyed-state-backend.ts'
import { createTrigger } from './create-trigger.ts'
import { MergingWindows } from './merging-windows.ts'
import { FIRE, PURGE } from './running-trigger.ts'
import type { RunningTrigger, TriggerResult } from './running-trigger.ts'
import { createAssignment } from './window-assignment.ts'
import type { WindowAssignment } from './window-assignment.ts'
import { createContents } from './window-contents.ts'
import type { ContentsState, EmitContents } from './window-contents.ts'
import { WindowFunctionContext } from './window-function-context.ts'
import type { Trigger, WindowSpec } from './window-spec.ts'
import { windowTimers } from './window-timers.ts'
import type { WindowTimers } from './window-timers.ts'

export class WindowOperator implements Operator, TimerTarget {
  readonly uid: string
  readonly #name: string
  readonly #state: KeyedStateBackend
  readonly #timers: TimerService
  /** Those of the domain that the windows live in. */
  readonly #ownTimers: WindowTimers
  readonly #assignment: WindowAssignment
  /** Null: windows do not merge. */
  readonly #merging: MergingWindows | null
  readonly #trigger: RunningTrigger
  readonly #contents: ContentsState
  readonly #emit: EmitContents
  readonly #context: WindowFunctionContext
  readonly #late: Collector | null
  readonly #isEventTime: boolean
  readonly #latenessMs: number
  /** The trigger needs no more than a timer at the window's end, in the windows' domain. */
  readonly #hasPlainTrigger: boolean
  /** That timer is also the one for the cleanup. */
  readonly #isTriggerCleanup: boolean
  /** Merged windows keep that timer, which finds what they became; in a batch none can be registered when it fires. */
  readonly #keepsMergedTimers: boolean
  readonly #window = new CurrentWindow()
  #isRestored = false
  #lateRecordsDropped = 0

  constructor(spec: WindowSpec, context: OperatorContext) {
    const { assigner, trigger, contents, lateTag, allowedLatenessMs } = spec
    this.uid = context.uid
    this.#name = context.name
    this.#state = keyedBackend(context, 'its windows')
    this.#timers = context.timers(this)
    this.#isEventTime = assigner.type !== 'global' && assigner.time === 'event'
    this.#latenessMs = this.#isEventTime ? allowedLatenessMs : 0
    this.#ownTimers = windowTimers(this.#isEventTime ? 'event' : 'processing', this.#timers)
    this.#assignment = createAssignment(assigner)
    const isMerging = assigner.type === 'session'
    this.#merging = isMerging
      ? new MergingWindows(context.uid, this.#state, {
          hasDynamicGap: typeof assigner.gap !== 'number',
        })
      : null
    const { uid } = context
    this.#trigger = createTrigger(trigger, { uid, state: this.#state, timers: this.#timers })
    this.#contents = createContents(spec, uid, this.#state)
    this.#context = new WindowFunctionContext({
      operator: context,
      timers: this.#timers,
      isMerging,
    })
    this.#emit = emitter(contents.process, this.#context)
    this.#late = lateTag === null ? null : context.output(lateTag)
    this.#hasPlainTrigger = isPlain(trigger, this.#isEventTime ? 'event-time' : 'processing-time')
    this.#isTriggerCleanup = this.#hasPlainTrigger && this.#latenessMs === 0
    this.#keepsMergedTimers = this.#isTriggerCleanup && context.runtimeMode === 'streaming'
  }

  /** Late records that no side output took, since the start of this attempt. */
  get lateRecordsDropped(): number {
    return this.#lateRecordsDropped
  }

  open(_restored: readonly OperatorStateEntry[], restoredFrom: CheckpointId | null): void {
    this.#isRestored = restoredFrom !== null
  }

  process(value: unknown, timestamp: number): void {
    if (this.#isEventTime && !(timestamp > NO_TIMESTAMP)) throw noTimestamp(this.#name)
    try {
      const time = this.#isEventTime ? timestamp : this.#timers.processingTime()
      const count = this.#assignment.assign(value, time)
      const isTaken =
        this.#merging === null
          ? this.#addToWindows(count, value, timestamp)
          : this.#addToMerging(this.#merging, value, timestamp)
      if (!isTaken && this.#isEventTime && this.#isPast(timestamp)) this.#dropLate(value, timestamp)
    } catch (error) {
      throw functionError(this.#name, error)
    }
  }

  onEventTime(time: number, start: number, end: number): void {
    this.#onTime(time, start, end, true)
  }

  onProcessingTime(time: number, start: number, end: number): void {
    this.#onTime(time, start, end, false)
  }

  /** False if all its windows are over. */
  #addToWindows(count: number, value: unknown, timestamp: number): boolean {
    const { starts, ends } = this.#assignment
    const window = this.#window
    let isTaken = false
    for (let i = 0; i < count; i += 1) {
      const end = ends[i] ?? 0
      if (this.#isEventTime && this.#isPast(end - 1)) continue
      isTaken = true
      window.start = starts[i] ?? 0
      window.end = end
      this.#state.setCurrentNamespace(window.start)
      const mayBeNew = this.#contents.add(value, timestamp)
      if (!mayBeNew && this.#hasTimers()) continue
      this.#act(this.#trigger.onRecord(value, timestamp, window))
      if (mayBeNew) this.#registerCleanup()
    }
    return isTaken
  }

  #addToMerging(merging: MergingWindows, value: unknown, timestamp: number): boolean {
    const start = this.#assignment.starts[0] ?? 0
    const end = this.#assignment.ends[0] ?? 0
    merging.place(start, end)
    // A late record counts if it falls into a window that is not over.
    if (this.#isEventTime && this.#isPast(merging.end - 1)) return false
    merging.add()
    const isMerged = merging.mergedStarts.length > 0
    if (isMerged) this.#merge(merging)
    const isBegunAnew = merging.isBegunAnew(start, end)
    this.#window.start = merging.start
    this.#window.end = merging.end
    this.#state.setCurrentNamespace(merging.start)
    if (isBegunAnew) this.#contents.clear()
    const mayBeNew = this.#contents.add(value, timestamp)
    if ((!isMerged && mayBeNew) || !this.#hasTimers()) {
      this.#act(this.#trigger.onRecord(value, timestamp, this.#window))
    }
    if (isMerged || mayBeNew) this.#registerCleanup()
    return true
  }

  /** Moves what the merged windows have to the window that they become. */
  #merge(merging: MergingWindows): void {
    const { start, mergedStarts, mergedEnds } = merging
    // Contents that have the right namespace already, in the usual case: the window only became longer.
    if (mergedStarts.length > 1 || mergedStarts[0] !== start) {
      this.#contents.merge(start, mergedStarts)
    }
    if (this.#keepsMergedTimers) return
    const window = this.#window
    window.start = start
    window.end = merging.end
    this.#state.setCurrentNamespace(start)
    this.#trigger.onMerge(window, mergedStarts)
    for (let i = 0; i < mergedStarts.length; i += 1) {
      window.start = mergedStarts[i] ?? 0
      window.end = mergedEnds[i] ?? 0
      this.#trigger.onMergedAway(window)
      this.#deleteCleanup()
    }
  }

  /**
   * True if the trigger would only register a timer that is there: the window was not new, so the timer was registered
   * before, and it is still to come. A restore sets the watermark back, so that a late window may have none any more.
   */
  #hasTimers(): boolean {
    if (!this.#hasPlainTrigger) return false
    if (this.#latenessMs === 0) return true
    return !this.#isRestored && this.#window.maxTimestamp > this.#timers.currentWatermark
  }

  #onTime(time: number, start: number, end: number, isEvent: boolean): void {
    try {
      const window = this.#window
      const merging = this.#merging
      window.start = start
      window.end = end
      let dueTime = time
      if (merging !== null) {
        if (!merging.find(start, end)) return
        window.start = merging.start
        window.end = merging.end
        if (window.start !== start || window.end !== end) {
          if (!this.#isDueAlready()) return
          dueTime = window.maxTimestamp
        }
      }
      this.#state.setCurrentNamespace(window.start)
      const result = isEvent
        ? this.#trigger.onEventTime(dueTime, window)
        : this.#trigger.onProcessingTime(dueTime, window)
      this.#act(result)
      if (isEvent === this.#isEventTime && dueTime === this.#cleanupTime) this.#remove()
    } catch (error) {
      throw functionError(this.#name, error)
    }
  }

  /**
   * A timer of a window that was merged: the window that it became has none of its own yet. It gets one now, unless that
   * would be due as well. (No other window of the key ends between the two.)
   */
  #isDueAlready(): boolean {
    const window = this.#window
    const isPast = window.maxTimestamp <= this.#ownTimers.now()
    if (this.#isTriggerCleanup && isPast) return true
    this.#state.setCurrentNamespace(window.start)
    if (this.#hasPlainTrigger) this.#ownTimers.register(window.maxTimestamp, window)
    this.#registerCleanup()
    return false
  }

  /** Removes all that the window has, and the window. */
  #remove(): void {
    this.#contents.clear()
    // A plain trigger has nothing but the timer that fired just now or before.
    if (!this.#hasPlainTrigger) this.#trigger.clear(this.#window)
    this.#context.clearWindowState()
    this.#merging?.retire()
  }

  /** The window's start is the current namespace. */
  #act(result: TriggerResult): void {
    if ((result & FIRE) !== 0) {
      this.#context.forWindow(this.#window)
      this.#contents.fire(this.#emit)
    }
    if ((result & PURGE) !== 0) this.#contents.clear()
  }

  get #cleanupTime(): number {
    return this.#window.maxTimestamp + this.#latenessMs
  }

  /** Not for a window without end. */
  #registerCleanup(): void {
    const time = this.#cleanupTime
    if (!this.#isTriggerCleanup && time !== Infinity) this.#ownTimers.register(time, this.#window)
  }

  #deleteCleanup(): void {
    const time = this.#cleanupTime
    if (time !== Infinity) this.#ownTimers.delete(time, this.#window)
  }

  /** Whether something at that time is too late, even with the lateness that is allowed. */
  #isPast(time: number): boolean {
    return time + this.#latenessMs <= this.#timers.currentWatermark
  }

  #dropLate(value: unknown, timestamp: number): void {
    if (this.#late === null) this.#lateRecordsDropped += 1
    else this.#late.emit(value, timestamp)
  }
}

/** The window that is spoken of; one object for all. */
class CurrentWindow {
  start = 0
  end = 0

  get maxTimestamp(): number {
    return this.end - 1
  }
}

function isPlain(trigger: Trigger, type: 'event-time' | 'processing-time'): boolean {
  return trigger.type === type || (trigger.type === 'purging' && isPlain(trigger.of, type))
}

function emitter(
  process: WindowSpec['contents']['process'],
  context: WindowFunctionContext,
): EmitContents {
  if (process === null) return (contents) => context.collect(contents)
  return (contents) => process(contents, context)
}

function noTimestamp(operator: string): ConfigurationError {
  return new ConfigurationError(
    'record-without-timestamp',
    `The operator "${operator}" has windows in event time, but got a record without a timestamp: give its source a ` +
      'watermark strategy with a timestamp assigner, or use windows in processing time.',
  )
}

/**
 * The window operator: puts each record into its windows, asks the trigger, and emits, purges and removes windows as it
 * says. Must not know kinds of windows, triggers and contents: see window-assignment.ts, running-trigger.ts and
 * window-contents.ts. Per key and window there are contents, what the trigger remembers, states of the user's function,
 * and timers; the namespace of the states is the window's start.
 * Invariant: every window with contents has a timer at its cleanup time, if it has one. Where windows merge and need no
 * timer but that, their key has one, at or before the end of the first.
 * Source: Flink WindowOperator, EvictingWindowOperator; the Dataflow Model.
 */
import { NO_TIMESTAMP } from '../element.ts'
import { ConfigurationError } from '../errors.ts'
import type { OperatorStateEntry } from '../checkpoint/snapshot-handle.ts'
import type { CheckpointId } from '../ids.ts'
import type { Mutants } from '../mutants.ts'
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
import type { TimeWindow, Trigger, WindowSpec } from './window-spec.ts'
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
  readonly #mutants: Mutants
  /** A mutant. */
  readonly #acceptsLate: boolean
  readonly #isEventTime: boolean
  readonly #latenessMs: number
  /** The trigger needs no more than a timer at the window's end, in the windows' domain. */
  readonly #hasPlainTrigger: boolean
  /** That timer is also the one for the cleanup. */
  readonly #isTriggerCleanup: boolean
  /**
   * Then windows that merge need no timers of their own: one per key does, at or before the end of the first. Not in a
   * batch, where no timer can be registered when the key is over.
   */
  readonly #hasTimerPerKey: boolean
  readonly #window = new CurrentWindow()
  #isRestored = false
  #lateRecordsDropped = 0

  constructor(spec: WindowSpec, context: OperatorContext) {
    const { assigner, trigger, contents, lateTag, allowedLatenessMs } = spec
    this.#mutants = context.mutants
    this.#acceptsLate = context.mutants.active('late-record-accepted')
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
    const isStreaming = context.runtimeMode === 'streaming'
    this.#hasTimerPerKey = this.#isTriggerCleanup && isMerging && isStreaming
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
    const isMerged = merging.mergedStarts.length > 0
    const isFirst = merging.add()
    if (isMerged) this.#merge(merging)
    const isBegunAnew = merging.isBegunAnew(start, end)
    this.#window.start = merging.start
    this.#window.end = merging.end
    this.#state.setCurrentNamespace(merging.start)
    if (isBegunAnew) this.#contents.clear()
    const mayBeNew = this.#contents.add(value, timestamp)
    if (this.#hasTimerPerKey) {
      if (isFirst) this.#ownTimers.register(merging.end - 1, PER_KEY)
      return true
    }
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
      const isPartial = this.#mutants.active('merged-session-loses-part')
      this.#contents.merge(start, isPartial ? mergedStarts.slice(1) : mergedStarts)
    }
    if (this.#hasTimerPerKey) return
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
      const merging = this.#merging
      if (merging !== null && this.#hasTimerPerKey) {
        this.#fireDue(merging)
      } else if (merging !== null && start === end) {
        this.#renewTimers(merging, time)
      } else if (merging === null || merging.find(start, end)) {
        this.#window.start = start
        this.#window.end = end
        this.#onWindowTime(time, isEvent)
      }
    } catch (error) {
      throw functionError(this.#name, error)
    }
  }

  #onWindowTime(time: number, isEvent: boolean): void {
    const window = this.#window
    this.#state.setCurrentNamespace(window.start)
    const result = isEvent
      ? this.#trigger.onEventTime(time, window)
      : this.#trigger.onProcessingTime(time, window)
    this.#act(result)
    if (isEvent === this.#isEventTime && time === this.#cleanupTime) this.#remove()
  }

  /** The windows of the key that are due, in the order of time; then the timer is that of the next one. */
  #fireDue(merging: MergingWindows): void {
    const now = this.#ownTimers.now()
    const { starts, ends } = merging
    merging.readAll()
    for (let i = starts.length - 1; i >= 0; i -= 1) {
      this.#window.start = starts[i] ?? 0
      this.#window.end = ends[i] ?? 0
      const time = this.#window.maxTimestamp
      if (time > now) {
        this.#ownTimers.register(time, PER_KEY)
        return
      }
      this.#onWindowTime(time, this.#isEventTime)
    }
  }

  /**
   * The one timer that the key had before a restore, when its windows needed no more: those that it stands for, which
   * none has fired so far, get timers of their own.
   */
  #renewTimers(merging: MergingWindows, time: number): void {
    const { starts, ends } = merging
    merging.readAll()
    for (let i = starts.length - 1; i >= 0; i -= 1) {
      this.#window.start = starts[i] ?? 0
      this.#window.end = ends[i] ?? 0
      if (this.#window.maxTimestamp < time) continue
      if (this.#hasPlainTrigger) {
        this.#ownTimers.register(this.#window.maxTimestamp, this.#window)
      }
      this.#registerCleanup()
    }
  }

  /** Removes all that the window has, and the window. */
  #remove(): void {
    if (!this.#mutants.active('window-not-cleared')) this.#contents.clear()
    // A plain trigger has nothing but the timer that fired just now or before.
    if (!this.#hasPlainTrigger) this.#trigger.clear(this.#window)
    this.#context.clearWindowState()
    this.#merging?.retire(this.#window.start)
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
    return time + this.#latenessMs <= this.#timers.currentWatermark && !this.#acceptsLate
  }

  #dropLate(value: unknown, timestamp: number): void {
    if (this.#late === null) this.#lateRecordsDropped += 1
    else this.#late.emit(value, timestamp)
  }
}

/** Stands for all windows of a key in the identity of a timer. */
const PER_KEY: TimeWindow = { start: 0, end: 0, maxTimestamp: -1 }

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

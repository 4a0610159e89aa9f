/** Window jobs of conformance cases, built with the public factories. */
import { outputTag } from '../../../engine/operator/functions.ts'
import { valueState, type AggregateFunction } from '../../../engine/state/descriptors.ts'
import {
  globalWindows,
  sessionEventTimeWindows,
  sessionProcessingTimeWindows,
  slidingEventTimeWindows,
  slidingProcessingTimeWindows,
  tumblingEventTimeWindows,
  tumblingProcessingTimeWindows,
} from '../../../engine/window/assigners.ts'
import { countEvictor, deltaEvictor, timeEvictor } from '../../../engine/window/evictors.ts'
import {
  continuousEventTimeTrigger,
  continuousProcessingTimeTrigger,
  countTrigger,
  deltaTrigger,
  eventTimeTrigger,
  neverTrigger,
  processingTimeTimeoutTrigger,
  processingTimeTrigger,
  purgingTrigger,
} from '../../../engine/window/triggers.ts'
import { windowSpec } from '../../../engine/window/window-spec.ts'
import type {
  Evictor,
  ProcessWindowContext,
  Trigger,
  WindowAssigner,
  WindowContents,
  WindowSpec,
} from '../../../engine/window/window-spec.ts'
import { timeName, type CaseTime } from '../conformance-cases.ts'

/** A record of a case. */
export type Rec = Readonly<Record<string, number | string>> & { readonly k: string }

export type CaseStep = { readonly in?: 1 | 2 } & (
  | { readonly e: Rec; readonly t?: number }
  | { readonly w: CaseTime }
  | { readonly p: number }
  | { readonly idle: boolean }
  | { readonly restart: true }
)

interface CaseAssigner {
  readonly type: 'tumbling' | 'sliding' | 'session' | 'global'
  readonly time?: 'event' | 'processing'
  readonly size?: number
  readonly slide?: number
  readonly offset?: number
  readonly gap?: number
  readonly gapField?: string
  readonly endOfStream?: boolean
}

interface CaseTrigger {
  readonly type: string
  readonly n?: number
  readonly interval?: number
  readonly of?: CaseTrigger
  readonly timeout?: number
  readonly resetOnNewRecord?: boolean
  readonly clearOnTimeout?: boolean
  readonly threshold?: number
  readonly field?: string
}

interface CaseEvictor {
  readonly type: 'count' | 'time' | 'delta'
  readonly after?: boolean
  readonly n?: number
  readonly size?: number
  readonly threshold?: number
  readonly field?: string
}

export interface CaseJob {
  readonly op: string
  readonly assigner: CaseAssigner
  readonly trigger?: CaseTrigger
  readonly evictor?: CaseEvictor
  readonly lateness?: number
  readonly sideOutputLate?: boolean
  readonly agg?: { readonly fn: string; readonly field?: string }
  readonly countFirings?: boolean
  readonly keyed?: boolean
  /** Of whole jobs, or of joins. */
  readonly mode?: 'batch' | 'streaming' | 'join' | 'coGroup'
}

export type CaseRow = Readonly<Record<string, unknown>>

/** The window of a case; `contents` for jobs that are none of aggregates. */
export function specOf(job: CaseJob, contents: WindowContents = contentsOf(job)): WindowSpec {
  return windowSpec(
    'window',
    assignerOf(job.assigner),
    {
      ...(job.trigger === undefined ? {} : { trigger: triggerOf(job.trigger) }),
      ...(job.evictor === undefined ? {} : { evictor: evictorOf(job.evictor) }),
      ...(job.lateness === undefined ? {} : { allowedLatenessMs: job.lateness }),
      ...(job.sideOutputLate === true ? { lateOutput: outputTag('late') } : {}),
    },
    contents,
  )
}

/** A record inside a tagged union, or by itself. */
const fieldOf = (value: unknown, field: string): number => {
  const rec = value as Rec & { readonly value?: Rec }
  return Number((rec.value ?? rec)[field])
}

function assignerOf(assigner: CaseAssigner): WindowAssigner {
  const { time = 'event', size = 0, slide = 0, offset = 0, gap, gapField = '' } = assigner
  const isEvent = time === 'event'
  switch (assigner.type) {
    case 'tumbling': {
      const options = { sizeMs: size, offsetMs: offset }
      return isEvent ? tumblingEventTimeWindows(options) : tumblingProcessingTimeWindows(options)
    }
    case 'sliding': {
      const options = { sizeMs: size, slideMs: slide, offsetMs: offset }
      return isEvent ? slidingEventTimeWindows(options) : slidingProcessingTimeWindows(options)
    }
    case 'session': {
      const options = { gapMs: gap ?? ((value: unknown) => fieldOf(value, gapField)) }
      return isEvent ? sessionEventTimeWindows(options) : sessionProcessingTimeWindows(options)
    }
    default:
      return globalWindows({ firesAtEndOfStream: assigner.endOfStream === true })
  }
}

function triggerOf(trigger: CaseTrigger): Trigger {
  const { n = 0, interval = 0, threshold = 0, field = '', timeout = 0 } = trigger
  const of = trigger.of === undefined ? neverTrigger() : triggerOf(trigger.of)
  const delta = (former: unknown, latter: unknown): number =>
    fieldOf(latter, field) - fieldOf(former, field)
  switch (trigger.type) {
    case 'eventTime':
      return eventTimeTrigger()
    case 'processingTime':
      return processingTimeTrigger()
    case 'count':
      return countTrigger(n)
    case 'continuousEventTime':
      return continuousEventTimeTrigger(interval)
    case 'continuousProcessingTime':
      return continuousProcessingTimeTrigger(interval)
    case 'delta':
      return deltaTrigger(threshold, delta)
    case 'purging':
      return purgingTrigger(of)
    case 'processingTimeout': {
      const { resetOnNewRecord = false, clearOnTimeout = false } = trigger
      const options = { timeoutMs: timeout, resetOnNewRecord, clearOnTimeout }
      return processingTimeTimeoutTrigger(of, options)
    }
    case 'never':
      return neverTrigger()
    default:
      throw new Error(`No trigger ${trigger.type}.`)
  }
}

function evictorOf({ type, after = false, ...given }: CaseEvictor): Evictor {
  const { n = 0, size = 0, threshold = 0, field = '' } = given
  const options = { after }
  if (type === 'count') return countEvictor(n, options)
  if (type === 'time') return timeEvictor(size, options)
  const delta = (former: unknown, latter: unknown): number =>
    fieldOf(latter, field) - fieldOf(former, field)
  return deltaEvictor(threshold, delta, options)
}

type Context = ProcessWindowContext<unknown, unknown>

function contentsOf(job: CaseJob): WindowContents {
  const { fn = 'count', field = 'v' } = job.agg ?? {}
  const emit = (value: unknown, context: Context): void => {
    context.collect(rowOf(job, value, context))
  }
  if (fn === 'list' || fn === 'sortedList') {
    const process = (elements: unknown, context: Context): void => {
      const values = Array.from(elements as Iterable<Rec>, (rec) => fieldOf(rec, field))
      emit(fn === 'list' ? values : values.toSorted((a, b) => a - b), context)
    }
    return { type: 'list', process }
  }
  if (fn === 'count') return { type: 'count', process: emit }
  const process = (values: unknown, context: Context): void => {
    emit(resultOf(fn, values as readonly number[]), context)
  }
  return { type: 'aggregate', aggregate: statistics(field), process }
}

/** Sum, count, least and greatest: enough for every aggregate of the cases. */
function statistics(field: string): AggregateFunction<unknown, number[], number[]> {
  return {
    createAccumulator: () => [0, 0, Infinity, -Infinity],
    add(value, [sum = 0, count = 0, min = 0, max = 0]) {
      const v = fieldOf(value, field)
      return [sum + v, count + 1, Math.min(min, v), Math.max(max, v)]
    },
    getResult: (accumulator) => accumulator,
    merge: (left, right) => [
      (left[0] ?? 0) + (right[0] ?? 0),
      (left[1] ?? 0) + (right[1] ?? 0),
      Math.min(left[2] ?? 0, right[2] ?? 0),
      Math.max(left[3] ?? 0, right[3] ?? 0),
    ],
  }
}

function resultOf(fn: string, [sum = 0, count = 0, min = 0, max = 0]: readonly number[]): unknown {
  if (fn === 'sum') return sum
  if (count === 0) return null
  return fn === 'min' ? min : fn === 'max' ? max : sum / count
}

const firings = valueState<number>('firings')

function rowOf(job: CaseJob, value: unknown, context: Context): CaseRow {
  const { start, end } = context.window
  const row: Record<string, unknown> = { key: context.key, value }
  if (job.assigner.type !== 'global') Object.assign(row, { start, end })
  if (job.keyed !== false) row['watermark'] = timeName(context.currentWatermark)
  if (job.countFirings !== true) return row
  const state = context.windowState(firings)
  const firing = (state.value() ?? 0) + 1
  state.update(firing)
  return { ...row, firing }
}

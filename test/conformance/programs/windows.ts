// op `window`: assigners, triggers, evictors and aggregates.

import {
  continuousEventTimeTrigger,
  continuousProcessingTimeTrigger,
  countEvictor,
  countTrigger,
  deltaEvictor,
  deltaTrigger,
  eventTimeTrigger,
  globalWindows,
  neverTrigger,
  number,
  outputTag,
  processingTimeTimeoutTrigger,
  processingTimeTrigger,
  purgingTrigger,
  sessionEventTimeWindows,
  sessionProcessingTimeWindows,
  slidingEventTimeWindows,
  slidingProcessingTimeWindows,
  timeEvictor,
  tumblingEventTimeWindows,
  tumblingProcessingTimeWindows,
  valueState,
} from 'weirstream'
import type {
  AggregateFunction,
  DataStream,
  Evictor,
  ProcessWindowContext,
  Trigger,
  WindowAssigner,
  WindowedStream,
} from 'weirstream'
import { numberIn, timeName } from '../cases.ts'
import type { CaseJob, Fields, Json } from '../cases.ts'
import type { Program, Row } from '../program.ts'

export interface WindowJob extends CaseJob {
  readonly op: 'window'
  readonly keyed?: boolean
  readonly assigner: CaseAssigner
  readonly trigger?: CaseTrigger
  readonly evictor?: CaseEvictor
  readonly lateness?: number
  readonly sideOutputLate?: boolean
  readonly agg: CaseAggregate
  readonly countFirings?: boolean
}

export type CaseAssigner = { readonly time?: 'event' | 'processing' } & (
  | { readonly type: 'tumbling'; readonly size: number; readonly offset?: number }
  | {
      readonly type: 'sliding'
      readonly size: number
      readonly slide: number
      readonly offset?: number
    }
  | { readonly type: 'session'; readonly gap: number }
  | { readonly type: 'session'; readonly gapField: string }
  | { readonly type: 'global'; readonly endOfStream?: boolean }
)

export type CaseTrigger =
  | { readonly type: 'eventTime' | 'processingTime' | 'never' }
  | { readonly type: 'count'; readonly n: number }
  | {
      readonly type: 'continuousEventTime' | 'continuousProcessingTime'
      readonly interval: number
    }
  | {
      readonly type: 'processingTimeout'
      readonly of: CaseTrigger
      readonly timeout: number
      readonly resetOnNewRecord?: boolean
      readonly clearOnTimeout?: boolean
    }
  | { readonly type: 'delta'; readonly threshold: number; readonly field: string }
  | { readonly type: 'purging'; readonly of: CaseTrigger }

type CaseEvictor = { readonly after?: boolean } & (
  | { readonly type: 'count'; readonly n: number }
  | { readonly type: 'time'; readonly size: number }
  | { readonly type: 'delta'; readonly threshold: number; readonly field: string }
)

interface CaseAggregate {
  readonly fn: 'sum' | 'count' | 'min' | 'max' | 'avg' | 'list' | 'sortedList'
  readonly field: string
}

const LATE = outputTag<Fields>('late')

export function windowProgram(job: WindowJob): Program {
  const { keyed = true, sideOutputLate = false, agg } = job
  const options = {
    ...(job.trigger === undefined
      ? {}
      : { trigger: triggerOf<Fields>(job.trigger, (fields) => fields) }),
    ...(job.evictor === undefined ? {} : { evictor: evictorOf(job.evictor) }),
    ...(job.lateness === undefined ? {} : { allowedLatenessMs: job.lateness }),
    ...(sideOutputLate ? { lateOutput: LATE } : {}),
  }
  const assigner = assignerOf<Fields>(job.assigner)
  return {
    build(records) {
      return keyed
        ? emitRows(records.keyBy(({ k }) => k).window(assigner, options), agg, job)
        : emitRows(records.windowAll(assigner, options), agg, job)
    },
    ...(sideOutputLate ? { recordSides: [LATE.name] } : { countsLate: true }),
  }
}

export function assignerOf<T extends Fields>(assigner: CaseAssigner): WindowAssigner<T> {
  const isEvent = (assigner.time ?? 'event') === 'event'
  switch (assigner.type) {
    case 'tumbling': {
      const options = { sizeMs: assigner.size, offsetMs: assigner.offset ?? 0 }
      return isEvent ? tumblingEventTimeWindows(options) : tumblingProcessingTimeWindows(options)
    }
    case 'sliding': {
      const { size, slide, offset = 0 } = assigner
      const options = { sizeMs: size, slideMs: slide, offsetMs: offset }
      return isEvent ? slidingEventTimeWindows(options) : slidingProcessingTimeWindows(options)
    }
    case 'session': {
      const gapMs = 'gap' in assigner ? assigner.gap : valueOf(assigner.gapField)
      return isEvent ? sessionEventTimeWindows({ gapMs }) : sessionProcessingTimeWindows({ gapMs })
    }
    case 'global':
      return globalWindows({ firesAtEndOfStream: assigner.endOfStream ?? false })
  }
}

/** `fieldsOf`: what a delta trigger looks at. */
export function triggerOf<T>(trigger: CaseTrigger, fieldsOf: (value: T) => Fields): Trigger<T> {
  switch (trigger.type) {
    case 'eventTime':
      return eventTimeTrigger()
    case 'processingTime':
      return processingTimeTrigger()
    case 'never':
      return neverTrigger()
    case 'count':
      return countTrigger(trigger.n)
    case 'continuousEventTime':
      return continuousEventTimeTrigger(trigger.interval)
    case 'continuousProcessingTime':
      return continuousProcessingTimeTrigger(trigger.interval)
    case 'processingTimeout':
      return processingTimeTimeoutTrigger(triggerOf(trigger.of, fieldsOf), {
        timeoutMs: trigger.timeout,
        resetOnNewRecord: trigger.resetOnNewRecord ?? false,
        clearOnTimeout: trigger.clearOnTimeout ?? false,
      })
    case 'delta': {
      const delta = deltaOf(trigger.field)
      return deltaTrigger<T>(trigger.threshold, (former, latter) =>
        delta(fieldsOf(former), fieldsOf(latter)),
      )
    }
    case 'purging':
      return purgingTrigger(triggerOf(trigger.of, fieldsOf))
  }
}

function evictorOf(evictor: CaseEvictor): Evictor<Fields> {
  const { after = false } = evictor
  switch (evictor.type) {
    case 'count':
      return countEvictor(evictor.n, { after })
    case 'time':
      return timeEvictor(evictor.size, { after })
    case 'delta':
      return deltaEvictor<Fields>(evictor.threshold, deltaOf(evictor.field), { after })
  }
}

function valueOf(field: string): (fields: Fields) => number {
  return (fields) => numberIn(fields, field)
}

function deltaOf(field: string): (former: Fields, latter: Fields) => number {
  const value = valueOf(field)
  return (former, latter) => value(latter) - value(former)
}

function emitRows(
  windows: WindowedStream<Fields, string | null>,
  { fn, field }: CaseAggregate,
  job: WindowJob,
): DataStream<Row> {
  const value = valueOf(field)
  if (fn !== 'list' && fn !== 'sortedList') {
    return windows.aggregate(statistics(value), (result, context: RowContext) => {
      context.collect(rowOf(resultOf(fn, result), context, job))
    })
  }
  return windows.process((elements: Iterable<Fields>, context: RowContext) => {
    const values = Array.from(elements, value)
    if (fn === 'sortedList') values.sort((a, b) => a - b)
    context.collect(rowOf(values, context, job))
  })
}

type RowContext = ProcessWindowContext<string | null, Row>

const FIRINGS = valueState('firings', number)

function rowOf(value: Json, context: RowContext, { keyed = true, ...job }: WindowJob): Row {
  const { key, window, currentWatermark, windowState } = context
  const isTime = job.assigner.type !== 'global'
  const firings = job.countFirings === true ? windowState(FIRINGS) : null
  firings?.update((firings.value() ?? 0) + 1)
  return {
    key,
    ...(isTime ? { start: window.start, end: window.end } : {}),
    value,
    ...(keyed ? { watermark: timeName(currentWatermark) } : {}),
    ...(firings === null ? {} : { firing: firings.value() ?? 0 }),
  }
}

interface Statistics {
  readonly count: number
  readonly sum: number
  readonly min: number
  readonly max: number
}

function statistics(
  value: (fields: Fields) => number,
): AggregateFunction<Fields, Statistics, Statistics> {
  const merge = (left: Statistics, right: Statistics): Statistics => ({
    count: left.count + right.count,
    sum: left.sum + right.sum,
    min: Math.min(left.min, right.min),
    max: Math.max(left.max, right.max),
  })
  return {
    createAccumulator: () => ({ count: 0, sum: 0, min: Infinity, max: -Infinity }),
    add(fields, accumulator) {
      const one = value(fields)
      return merge(accumulator, { count: 1, sum: one, min: one, max: one })
    },
    getResult: (accumulator) => accumulator,
    merge,
  }
}

function resultOf(
  fn: Exclude<CaseAggregate['fn'], 'list' | 'sortedList'>,
  { count, sum, min, max }: Statistics,
): number | null {
  switch (fn) {
    case 'sum':
      return sum
    case 'count':
      return count
    case 'min':
      return count === 0 ? null : min
    case 'max':
      return count === 0 ? null : max
    case 'avg':
      return count === 0 ? null : sum / count
  }
}

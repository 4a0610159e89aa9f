/** What an operator of a job does, in a few words. */
import type { AsyncSpec } from '../engine/async/async-spec.ts'
import type { PatternSpec } from '../engine/cep/pattern-spec.ts'
import type { IntervalJoinSpec } from '../engine/join/interval-join-spec.ts'
import type { OperatorSpec } from '../engine/operator/operator-spec.ts'
import type { StreamNode } from '../engine/job/stream-graph.ts'
import type { SinkSpec } from '../engine/sink/sink-spec.ts'
import type { SourceSpec } from '../engine/source/source-spec.ts'
import type { WatermarkStrategy } from '../engine/time/watermark-strategy.ts'
import type { Trigger, WindowAssigner, WindowSpec } from '../engine/window/window-spec.ts'

export function describeNode({ work }: StreamNode): string {
  if (work.type === 'operator') return describeOperator(work.operator)
  const watermarks = work.watermarks === null ? '' : `, ${describeWatermarks(work.watermarks)}`
  return `${describeSource(work.source)}${watermarks}`
}

function describeOperator(spec: OperatorSpec): string {
  switch (spec.type) {
    case 'sum':
      return `running sum of ${spec.field}`
    case 'rolling':
      return `running ${spec.rolling.fn} of ${spec.rolling.field}`
    case 'reduce':
      return 'running reduce'
    case 'assign-watermarks':
      return describeWatermarks(spec.strategy)
    case 'window':
      return describeWindow(spec.window)
    case 'co-process':
      return 'process of two streams'
    case 'broadcast-process':
      return `process with the broadcast state ${spec.states.join(', ')}`
    case 'interval-join':
      return describeIntervalJoin(spec.join)
    case 'async':
      return describeCall(spec.async)
    case 'cep':
      return `pattern ${describePattern(spec.cep.pattern)}`
    case 'sink':
      return describeSink(spec.sink)
    default:
      return spec.type
  }
}

function describeSource(source: SourceSpec): string {
  switch (source.type) {
    case 'kafka': {
      const { topics, topicPattern, stoppingOffsets } = source
      const name = topicPattern === null ? topics.join(', ') : String(topicPattern)
      return `source of ${name}${stoppingOffsets === null ? '' : ', bounded'}`
    }
    case 'hybrid':
      return source.sources.map(describeSource).join(', then ')
    case 'custom':
      return `source ${source.source.name}`
    default:
      return `source (${source.type})`
  }
}

function describeSink(sink: SinkSpec): string {
  if (sink.type === 'kafka') return `sink to ${sink.topic}, ${sink.delivery}`
  return sink.type === 'file' ? `sink to files in ${sink.directory}` : `sink (${sink.type})`
}

function describeWatermarks({ generator, idlenessMs }: WatermarkStrategy<unknown>): string {
  const idle = idlenessMs === null ? '' : `, idle after ${span(idlenessMs)}`
  switch (generator.type) {
    case 'none':
      return 'no watermarks'
    case 'custom':
      return `watermarks of its own${idle}`
    case 'bounded-out-of-orderness': {
      const { maxOutOfOrdernessMs } = generator
      const behind = maxOutOfOrdernessMs === 0 ? '' : ` ${span(maxOutOfOrdernessMs)} behind`
      return `watermarks${behind}${idle}`
    }
  }
}

function describeWindow({ assigner, trigger, evictor, allowedLatenessMs }: WindowSpec): string {
  const parts = [describeAssigner(assigner)]
  const isDefault = assigner.type !== 'global' && trigger.type === `${assigner.time}-time`
  if (!isDefault) parts.push(`trigger ${describeTrigger(trigger)}`)
  if (evictor !== null) parts.push(`evictor ${evictor.type}`)
  if (allowedLatenessMs > 0) parts.push(`${span(allowedLatenessMs)} of lateness`)
  return parts.join(', ')
}

function describeAssigner(assigner: WindowAssigner): string {
  switch (assigner.type) {
    case 'global':
      return 'global window'
    case 'tumbling':
      return `tumbling ${assigner.time}-time window of ${span(assigner.sizeMs)}`
    case 'sliding': {
      const { time, sizeMs, slideMs } = assigner
      return `sliding ${time}-time window of ${span(sizeMs)} every ${span(slideMs)}`
    }
    case 'session': {
      const { time, gap } = assigner
      return `${time}-time session with a gap of ${typeof gap === 'number' ? span(gap) : 'its own per record'}`
    }
  }
}

function describeTrigger(trigger: Trigger): string {
  switch (trigger.type) {
    case 'count':
      return `count ${trigger.count}`
    case 'purging':
      return `purging ${describeTrigger(trigger.of)}`
    case 'continuous-event-time':
    case 'continuous-processing-time':
      return `${trigger.type} every ${span(trigger.intervalMs)}`
    case 'processing-time-timeout':
      return `${describeTrigger(trigger.of)} or after ${span(trigger.timeoutMs)}`
    default:
      return trigger.type
  }
}

function describeIntervalJoin({ lowerBoundMs, upperBoundMs }: IntervalJoinSpec): string {
  return `interval join from ${span(lowerBoundMs)} to ${span(upperBoundMs)}`
}

function describeCall({ service, order, timeoutMs, capacity }: AsyncSpec): string {
  return `${order} calls of ${service}, ${capacity} at a time, ${span(timeoutMs)} each`
}

function describePattern({ stages }: PatternSpec): string {
  return stages
    .map(({ name, group, contiguity, quantifier }, index) => {
      const what = name ?? `(${group === null ? '' : describePattern(group)})`
      const { kind, from, to, isOptional } = quantifier
      const times = from === to ? `{${from}}` : `{${from},${to}}`
      const many = kind === 'looping' ? `{${from},}` : kind === 'times' ? times : ''
      return `${index === 0 ? '' : `${contiguity} `}${what}${many}${isOptional ? '?' : ''}`
    })
    .join(' ')
}

/** `250 ms`, `10 s`, `5 min`, `2 h`. */
function span(ms: number): string {
  const units = [
    ['h', 3_600_000],
    ['min', 60_000],
    ['s', 1000],
  ] as const
  const unit = units.find(([, size]) => ms !== 0 && ms % size === 0)
  return unit === undefined ? `${ms} ms` : `${ms / unit[1]} ${unit[0]}`
}

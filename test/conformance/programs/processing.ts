// op `process`: the named keyed programs, written as a user would write them.

import { mapState, number, valueState } from 'weirstream'
import type {
  KeyedProcessContext,
  KeyedProcessFunction,
  OnTimerContext,
  TimeDomain,
  ValueState,
} from 'weirstream'
import { timeName } from '../cases.ts'
import type { CaseJob, CaseTime, Fields, Json, JsonObject } from '../cases.ts'
import type { Program, Row } from '../program.ts'
import { SIDE } from './side.ts'
import { stateCommands } from './state-commands.ts'

export interface ProcessJob extends CaseJob {
  readonly op: 'process'
  readonly program: string
  readonly params?: JsonObject
}

export type Processing = KeyedProcessFunction<Fields, string, Row>
type RecordContext = KeyedProcessContext<string, Row>
type TimerContext = OnTimerContext<string, Row>

const PROGRAMS: Readonly<Record<string, (params: JsonObject) => Processing>> = {
  'running-sum': runningSum,
  'dedup-first': dedupFirst,
  probe,
  'count-with-timeout': countWithTimeout,
  inactivity,
  'timer-commands': timerCommands,
  'timer-chain': timerChain,
  'sort-buffer': sortBuffer,
  'bucket-sum': bucketSum,
  'state-commands': () => stateCommands(null),
  'ttl-commands': stateCommands,
}

export function processProgram({ program, params = {} }: ProcessJob): Program {
  const create = PROGRAMS[program]
  if (create === undefined) throw new Error(`There is no program "${program}".`)
  return {
    build: (records) => records.keyBy(({ k }) => k).process<Row>(create(params)),
    sides: [SIDE.name],
  }
}

function runningSum({ resetAt }: JsonObject): Processing {
  const stored = valueState('sum', number)
  return {
    processElement({ v }, context) {
      const state = context.state(stored)
      const sum = (state.value() ?? 0) + v
      if (typeof resetAt === 'number' && sum >= resetAt) state.clear()
      else state.update(sum)
      context.collect({ key: context.key, sum })
    },
  }
}

function dedupFirst({ forget }: JsonObject): Processing {
  const seen = valueState<boolean>('seen')
  return {
    processElement({ id }, context) {
      const state = context.state(seen)
      if (state.value() === true) {
        context.output(SIDE, { key: context.key, id })
        return
      }
      state.update(true)
      if (typeof forget === 'number') {
        context.timers.registerEventTime(eventTime(context) + forget)
      }
      context.collect({ key: context.key, id })
    },
    onTimer(_time, context) {
      context.state(seen).clear()
    },
  }
}

function probe(): Processing {
  return {
    processElement({ id }, context) {
      const { currentWatermark } = context.timers
      const late = eventTime(context) <= currentWatermark
      context.collect({ key: context.key, id, ...clocks(context), late })
    },
  }
}

function countWithTimeout(params: JsonObject): Processing {
  const counted = valueState('count', number)
  const last = valueState('last', number)
  const d = Number(params['d'])
  return {
    processElement(_fields, context) {
      increment(context.state(counted))
      const now = timeIn(context, params)
      context.state(last).update(now)
      register(context, params, now + d)
    },
    onTimer(timer, context) {
      const { key } = context
      const state = context.state(counted)
      const lastTime = context.state(last).value()
      if (lastTime === undefined || timer !== lastTime + d) return
      context.collect({ key, count: state.value() ?? null, timer, watermark: watermark(context) })
      if (params['clear'] !== true) return
      state.clear()
      context.state(last).clear()
    },
  }
}

function inactivity(params: JsonObject): Processing {
  const counted = valueState('count', number)
  const registered = valueState('timer', number)
  return {
    processElement(_fields, context) {
      const timer = context.state(registered)
      const former = timer.value()
      if (former !== undefined) unregister(context, params, former)
      const at = timeIn(context, params) + Number(params['d'])
      increment(context.state(counted))
      timer.update(at)
      register(context, params, at)
    },
    onTimer(timer, context) {
      const state = context.state(counted)
      context.collect({ key: context.key, count: state.value() ?? null, timer })
      state.clear()
      context.state(registered).clear()
    },
  }
}

function timerCommands(): Processing {
  return {
    processElement({ cmd, at, dom }, context) {
      const domain = { domain: dom ?? 'event' }
      if (cmd === 'set') register(context, domain, Number(at))
      if (cmd === 'del') unregister(context, domain, Number(at))
    },
    onTimer(timer, context) {
      context.collect({ key: context.key, timer, domain: context.domain, ...clocks(context) })
    },
  }
}

function timerChain(params: JsonObject): Processing {
  const remaining = valueState('left', number)
  return {
    processElement(_fields, context) {
      context.state(remaining).update(Number(params['n']))
      register(context, params, timeIn(context, params) + Number(params['first']))
    },
    onTimer(timer, context) {
      const state = context.state(remaining)
      const before = state.value()
      const left = before === undefined ? 0 : before - 1
      context.collect({ key: context.key, timer, left, ...clocks(context) })
      if (left <= 0) {
        state.clear()
        return
      }
      state.update(left)
      register(context, params, timer + Number(params['step']))
    },
  }
}

function sortBuffer(): Processing {
  const buffer = mapState<number, readonly number[]>('buffer')
  return {
    processElement({ id }, context) {
      const time = eventTime(context)
      if (time <= context.timers.currentWatermark) {
        context.output(SIDE, { key: context.key, id })
        return
      }
      const state = context.state(buffer)
      state.put(time, [...(state.get(time) ?? []), id])
      context.timers.registerEventTime(time)
    },
    onTimer(timer, context) {
      const state = context.state(buffer)
      for (const id of state.get(timer) ?? []) context.collect({ key: context.key, id })
      state.remove(timer)
    },
  }
}

function bucketSum({ size }: JsonObject): Processing {
  const sums = mapState<number, number>('sums')
  const sizeMs = Number(size)
  return {
    processElement({ id, v }, context) {
      const end = Math.floor(eventTime(context) / sizeMs) * sizeMs + sizeMs
      if (end - 1 <= context.timers.currentWatermark) {
        context.output(SIDE, { key: context.key, id })
        return
      }
      const state = context.state(sums)
      state.put(end, (state.get(end) ?? 0) + v)
      context.timers.registerEventTime(end - 1)
    },
    onTimer(timer, context) {
      const state = context.state(sums)
      const end = timer + 1
      const open = [...state.keys()].length - 1
      context.collect({ key: context.key, end, sum: state.get(end) ?? null, open })
      state.remove(end)
    },
  }
}

function increment(state: ValueState<number>): void {
  state.update((state.value() ?? 0) + 1)
}

function eventTime({ timestamp }: RecordContext): number {
  if (timestamp === null) throw new Error('This program needs records with timestamps.')
  return timestamp
}

function domainOf({ domain }: JsonObject): TimeDomain {
  return domain === 'processing' ? 'processing' : 'event'
}

/** The record's time in the program's domain. */
function timeIn(context: RecordContext, params: JsonObject): number {
  return domainOf(params) === 'event' ? eventTime(context) : context.timers.processingTime()
}

function register({ timers }: RecordContext, params: JsonObject, time: number): void {
  if (domainOf(params) === 'event') timers.registerEventTime(time)
  else timers.registerProcessingTime(time)
}

function unregister({ timers }: RecordContext, params: JsonObject, time: number): void {
  if (domainOf(params) === 'event') timers.deleteEventTime(time)
  else timers.deleteProcessingTime(time)
}

function watermark({ timers }: RecordContext | TimerContext): CaseTime {
  return timeName(timers.currentWatermark)
}

function clocks(context: RecordContext): Readonly<Record<'watermark' | 'proc', Json>> {
  return { watermark: watermark(context), proc: context.timers.processingTime() }
}

// op `connect`: two keyed inputs that share state and timers.

import { mapState, number, valueState } from 'weirstream'
import type { KeyedCoProcessFunction, KeyedProcessContext, ValueStateDescriptor } from 'weirstream'
import { timeName } from '../cases.ts'
import type { CaseJob, Fields, JsonObject } from '../cases.ts'
import type { Program, Row } from '../program.ts'
import { SIDE } from './side.ts'

export interface ConnectJob extends CaseJob {
  readonly op: 'connect'
  readonly program: string
  readonly params?: JsonObject
}

type Connecting = KeyedCoProcessFunction<Fields, Fields, string, Row>
type Context = KeyedProcessContext<string, Row>

const PROGRAMS: Readonly<Record<string, (params: JsonObject) => Connecting>> = {
  'join-latest': joinLatest,
  pair,
  'shared-state': sharedState,
}

export function connectProgram({ program, params = {} }: ConnectJob): Program {
  const create = PROGRAMS[program]
  if (create === undefined) throw new Error(`There is no program "${program}".`)
  return {
    build: (first, second) =>
      first
        .keyBy(({ k }) => k)
        .connect(second.keyBy(({ k }) => k))
        .process<Row>(create(params)),
    sides: [SIDE.name],
    hasWatermarks: true,
  }
}

function joinLatest(): Connecting {
  const latest = valueState('latest', number)
  return {
    processElement1({ id }, context) {
      const watermark = timeName(context.timers.currentWatermark)
      const value = context.state(latest).value() ?? null
      context.collect({ key: context.key, id, latest: value, watermark })
    },
    processElement2(fields, context) {
      const state = context.state(latest)
      if ('v' in fields) state.update(fields.v)
      else state.clear()
    },
  }
}

interface Waiting {
  readonly id: number
  readonly time: number
}

function pair({ wait }: JsonObject): Connecting {
  const left = valueState<Waiting>('left')
  const right = valueState<Waiting>('right')
  const waitMs = Number(wait)
  return {
    processElement1({ id }, context) {
      const found = meet(id, context, { own: left, other: right, waitMs })
      if (found !== null) context.collect({ key: context.key, left: id, right: found })
    },
    processElement2({ id }, context) {
      const found = meet(id, context, { own: right, other: left, waitMs })
      if (found !== null) context.collect({ key: context.key, left: found, right: id })
    },
    onTimer(_time, context) {
      for (const side of [left, right]) {
        const state = context.state(side)
        const stored = state.value()
        if (stored === undefined) continue
        context.output(SIDE, { key: context.key, unmatched: side.name, id: stored.id })
        state.clear()
      }
    },
  }
}

interface Sides {
  readonly own: ValueStateDescriptor<Waiting>
  readonly other: ValueStateDescriptor<Waiting>
  readonly waitMs: number
}

/** The id of the other side's record, which waits no more; null: there is none, and this one waits. */
function meet(id: number, context: Context, { own, other, waitMs }: Sides): number | null {
  const { timers, timestamp } = context
  if (timestamp === null) throw new Error('This program needs records with timestamps.')
  const stored = context.state(other).value()
  if (stored === undefined) {
    context.state(own).update({ id, time: timestamp })
    timers.registerEventTime(timestamp + waitMs)
    return null
  }
  timers.deleteEventTime(stored.time + waitMs)
  context.state(other).clear()
  return stored.id
}

function sharedState({ d, processing }: JsonObject): Connecting {
  const counts = mapState<number, number>('counts')
  const count = (input: 1 | 2, context: Context): void => {
    const { timers, timestamp } = context
    const state = context.state(counts)
    state.put(input, (state.get(input) ?? 0) + 1)
    timers.registerEventTime((timestamp ?? 0) + Number(d))
    if (processing === true) timers.registerProcessingTime(timers.processingTime() + Number(d))
  }
  return {
    processElement1(_fields, context) {
      count(1, context)
    },
    processElement2(_fields, context) {
      count(2, context)
    },
    onTimer(timer, context) {
      const { key, domain, timers } = context
      const state = context.state(counts)
      const [first, second] = [state.get(1) ?? 0, state.get(2) ?? 0]
      const watermark = timeName(timers.currentWatermark)
      context.collect({ key, timer, domain, first, second, watermark })
    },
  }
}

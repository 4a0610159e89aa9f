// op `broadcast`: a keyed input, and one that every subtask sees.

import { mapState, number, valueState } from 'weirstream'
import type { KeyedBroadcastProcessFunction } from 'weirstream'
import { timeName } from '../cases.ts'
import type { CaseJob, Fields, JsonObject } from '../cases.ts'
import { satisfies } from '../conditions.ts'
import type { Condition } from '../conditions.ts'
import type { Program, Row } from '../program.ts'
import { SIDE } from './side.ts'

export interface BroadcastJob extends CaseJob {
  readonly op: 'broadcast'
  readonly program: string
  readonly params?: JsonObject
}

/** A record of the broadcast input; what it has says what it is. */
interface Announcement {
  readonly rule?: string
  readonly threshold?: number
  readonly where?: Condition
  readonly clear?: boolean
}

type Broadcasting = KeyedBroadcastProcessFunction<Fields, Announcement, string, Row>

const THRESHOLDS = mapState<string, number>('thresholds')
const RULES = mapState<string, Condition>('rules')

const PROGRAMS: Readonly<Record<string, (params: JsonObject) => Broadcasting>> = {
  threshold,
  rules,
  'keyed-sums': keyedSums,
}

export function broadcastProgram({ program, params = {} }: BroadcastJob): Program {
  const create = PROGRAMS[program]
  if (create === undefined) throw new Error(`There is no program "${program}".`)
  return {
    build(records, second) {
      const announcements = second.map(announcementOf)
      return records
        .keyBy(({ k }) => k)
        .connect(announcements.broadcast(THRESHOLDS, RULES))
        .process<Row>(create(params))
    },
    sides: [SIDE.name],
    hasWatermarks: true,
  }
}

/** What it says depends on which fields are there. */
function announcementOf(fields: JsonObject): Announcement {
  return fields
}

function threshold(): Broadcasting {
  return {
    processElement({ id, v }, context) {
      const { key } = context
      const thresholds = context.broadcastState(THRESHOLDS)
      const limit = thresholds.get(key) ?? thresholds.get('*')
      if (limit === undefined) {
        context.output(SIDE, { key, id })
      } else if (v >= limit) {
        const watermark = timeName(context.timers.currentWatermark)
        context.collect({ key, id, threshold: limit, watermark })
      }
    },
    processBroadcastElement({ rule = '', threshold: limit }, context) {
      const thresholds = context.broadcastState(THRESHOLDS)
      if (limit === undefined) thresholds.remove(rule)
      else thresholds.put(rule, limit)
    },
  }
}

function rules(): Broadcasting {
  return {
    processElement(fields, context) {
      const matched: string[] = []
      for (const [rule, where] of context.broadcastState(RULES).immutableEntries()) {
        if (satisfies(fields, where)) matched.push(rule)
      }
      context.collect({ key: context.key, id: fields.id, matched: matched.sort() })
    },
    processBroadcastElement({ rule, where }, context) {
      const known = context.broadcastState(RULES)
      if (rule === undefined) known.clear()
      else if (where === undefined) known.remove(rule)
      else known.put(rule, where)
    },
  }
}

function keyedSums({ d }: JsonObject): Broadcasting {
  const sums = valueState('sum', number)
  return {
    processElement({ v }, context) {
      const state = context.state(sums)
      state.update((state.value() ?? 0) + v)
      if (typeof d === 'number') context.timers.registerEventTime((context.timestamp ?? 0) + d)
    },
    processBroadcastElement({ clear = false }, context) {
      context.applyToKeyedState(sums, (key, state) => {
        context.collect({ key, sum: state.value() ?? null })
        if (clear) state.clear()
      })
    },
    onTimer(timer, context) {
      const watermark = timeName(context.timers.currentWatermark)
      const sum = context.state(sums).value() ?? null
      context.collect({ key: context.key, timer, sum, watermark })
    },
  }
}

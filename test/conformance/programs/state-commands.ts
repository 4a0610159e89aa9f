// The programs `state-commands` and `ttl-commands`: one state of each kind, and commands that read and
// write them.

import {
  aggregatingState,
  listState,
  mapState,
  number,
  reducingState,
  text,
  valueState,
} from 'weirstream'
import type { AggregateFunction, KeyedProcessFunction, KeyedStates, StateTtl } from 'weirstream'
import { textIn } from '../cases.ts'
import type { Fields, Json, JsonObject } from '../cases.ts'
import type { Row } from '../program.ts'

type Commands<R> = Readonly<Record<string, (states: KeyedStates, fields: Fields) => R>>

/** `ttl`: the parameters of the states' time to live; null: they live until they are cleared. */
export function stateCommands(ttl: JsonObject | null): KeyedProcessFunction<Fields, string, Row> {
  const { reads, writes } = commandsOn(ttl === null ? {} : { ttl: ttlOf(ttl) })
  return {
    processElement(fields, context) {
      const cmd = textIn(fields, 'cmd')
      const read = reads[cmd]
      if (read !== undefined) {
        context.collect({ key: context.key, cmd, result: read(context, fields) })
        return
      }
      const write = writes[cmd]
      if (write === undefined) throw new Error(`There is no command "${cmd}".`)
      write(context, fields)
    },
  }
}

interface AllCommands {
  readonly reads: Commands<Json>
  readonly writes: Commands<void>
}

function commandsOn(options: { readonly ttl?: StateTtl }): AllCommands {
  const value = valueState<number | null>('value', undefined, options)
  const list = listState('list', number, options)
  const map = mapState('map', { key: text, value: number }, options)
  const reducing = reducingState('reducing', (a: number, b: number) => a + b, number, options)
  const aggregating = aggregatingState('aggregating', JOINING, text, options)
  return {
    reads: {
      'value.get': (states) => states.state(value).value() ?? null,
      'list.get': (states) => states.state(list).get(),
      'map.get': (states, fields) => states.state(map).get(mapKey(fields)) ?? null,
      'map.contains': (states, fields) => states.state(map).contains(mapKey(fields)),
      'map.isEmpty': (states) => states.state(map).isEmpty(),
      'map.entries': (states) => Object.fromEntries(states.state(map).entries()),
      'reducing.get': (states) => states.state(reducing).get() ?? null,
      'aggregating.get': (states) => states.state(aggregating).get() ?? null,
    },
    writes: {
      'value.set': (states, { v }) => states.state(value).update(v),
      'value.setNull': (states) => states.state(value).update(null),
      'value.clear': (states) => states.state(value).clear(),
      'list.add': (states, { v }) => states.state(list).add(v),
      'list.addAll': (states, fields) => states.state(list).addAll(values(fields)),
      'list.update': (states, fields) => states.state(list).update(values(fields)),
      'list.clear': (states) => states.state(list).clear(),
      'map.put': (states, fields) => states.state(map).put(mapKey(fields), fields.v),
      'map.remove': (states, fields) => states.state(map).remove(mapKey(fields)),
      'map.clear': (states) => states.state(map).clear(),
      'reducing.add': (states, { v }) => states.state(reducing).add(v),
      'reducing.clear': (states) => states.state(reducing).clear(),
      'aggregating.add': (states, { v }) => states.state(aggregating).add(v),
      'aggregating.clear': (states) => states.state(aggregating).clear(),
    },
  }
}

function mapKey(fields: Fields): string {
  return textIn(fields, 'f')
}

function values({ vs }: Fields): readonly number[] {
  return Array.isArray(vs) ? vs.map(Number) : []
}

/** Values as text, joined by commas. */
const JOINING: AggregateFunction<number, string, string> = {
  createAccumulator: () => '',
  add: (value, joined) => (joined === '' ? String(value) : `${joined},${value}`),
  getResult: (joined) => joined,
  merge: (left, right) => `${left},${right}`,
}

function ttlOf({ ttl, update, visibility }: JsonObject): StateTtl {
  return {
    timeToLiveMs: Number(ttl),
    update: update === 'OnReadAndWrite' ? 'on-read-and-write' : 'on-create-and-write',
    visibility:
      visibility === 'ReturnExpiredIfNotCleanedUp'
        ? 'return-expired-if-not-cleaned-up'
        : 'never-return-expired',
  }
}

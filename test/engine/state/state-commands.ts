// The commands of the state world, and how states of a backend carry them out.

import fc from 'fast-check'
import { encodeKey } from '../../../engine/serializer.ts'
import {
  aggregatingState,
  listState,
  mapState,
  reducingState,
  valueState,
  type StateTtl,
} from '../../../engine/state/descriptors.ts'
import type { KeyedStateBackend } from '../../../engine/state/keyed-state-backend.ts'
import { anyValue } from './table-world.ts'

export type Command =
  | { readonly type: 'state'; readonly key: number; readonly window: number; readonly act: Act }
  | {
      readonly type: 'merge'
      readonly key: number
      readonly target: number
      readonly sources: readonly number[]
    }
  | { readonly type: 'pass'; readonly ms: number }
  | { readonly type: 'snapshot' }
  | { readonly type: 'release' }
  | { readonly type: 'restore'; readonly parallelism: number }

export type Act =
  | { readonly do: 'value.value' | 'reducing.get' | 'aggregating.get' | 'list.get' }
  | { readonly do: 'map.entries' | 'map.keys' | 'map.values' | 'map.isEmpty' }
  | {
      readonly do:
        'value.clear' | 'reducing.clear' | 'aggregating.clear' | 'list.clear' | 'map.clear'
    }
  | { readonly do: 'value.update' | 'list.add'; readonly value: unknown }
  | { readonly do: 'reducing.add' | 'aggregating.add'; readonly value: number }
  | { readonly do: 'list.addAll' | 'list.update'; readonly value: readonly unknown[] }
  | { readonly do: 'map.get' | 'map.remove' | 'map.contains'; readonly field: unknown }
  | { readonly do: 'map.put'; readonly field: unknown; readonly value: unknown }
  | { readonly do: 'map.putAll'; readonly value: readonly (readonly [unknown, unknown])[] }

export interface States {
  readonly backend: KeyedStateBackend
  readonly run: (act: Act) => unknown
  readonly merge: (target: number, sources: readonly number[]) => void
}

export function statesOf(target: KeyedStateBackend, ttl: StateTtl | undefined): States {
  const options = { namespaced: true, ...(ttl === undefined ? {} : { ttl }) }
  const value = target.valueState(valueState<unknown>('value', undefined, options))
  const list = target.listState(listState<unknown>('list', undefined, options))
  const map = target.mapState(mapState<unknown, unknown>('map', {}, options))
  const reducing = target.reducingState(
    reducingState<number>('reducing', (a, b) => a + b, undefined, options),
  )
  const sum = {
    createAccumulator: () => 0,
    add: (added: number, accumulator: number) => accumulator + added,
    getResult: (accumulator: number) => `= ${accumulator}`,
    merge: (a: number, b: number) => a + b,
  }
  const aggregating = target.aggregatingState(
    aggregatingState('aggregating', sum, undefined, options),
  )
  const run = (act: Act): unknown => {
    switch (act.do) {
      case 'value.value':
        return value.value()
      case 'value.update':
        return value.update(act.value)
      case 'value.clear':
        return value.clear()
      case 'reducing.get':
        return reducing.get()
      case 'reducing.add':
        return reducing.add(act.value)
      case 'reducing.clear':
        return reducing.clear()
      case 'aggregating.get':
        return aggregating.get()
      case 'aggregating.add':
        return aggregating.add(act.value)
      case 'aggregating.clear':
        return aggregating.clear()
      case 'list.get':
        return list.get()
      case 'list.add':
        return list.add(act.value)
      case 'list.addAll':
        return list.addAll(act.value)
      case 'list.update':
        return list.update(act.value)
      case 'list.clear':
        return list.clear()
      case 'map.get':
        return map.get(act.field)
      case 'map.put':
        return map.put(act.field, act.value)
      case 'map.putAll':
        return map.putAll(act.value)
      case 'map.remove':
        return map.remove(act.field)
      case 'map.contains':
        return map.contains(act.field)
      case 'map.entries':
        return [...map.entries()]
      case 'map.keys':
        return [...map.keys()]
      case 'map.values':
        return [...map.values()]
      case 'map.isEmpty':
        return map.isEmpty()
      case 'map.clear':
        return map.clear()
    }
  }
  const merge = (into: number, sources: readonly number[]): void => {
    for (const state of [list, reducing, aggregating]) state.mergeNamespaces(into, sources)
    value.mergeNamespaces(into, sources, (a, b) => mergeValue('value', a, b))
  }
  return { backend: target, run, merge }
}

/** How values of two windows become one. */
export function mergeValue(kind: string, a: unknown, b: unknown): unknown {
  return kind === 'value' ? `${describe(a)}+${describe(b)}` : Number(a) + Number(b)
}

function describe(value: unknown): string {
  return typeof value === 'string' ? value : encodeKey(value).join()
}

const anyField = fc.oneof(
  fc.constantFrom('x', 'y', '1', 1, '\0s', '\0b', '', null, true, Number.NaN, 2n, [1], { n: 'x' }),
  fc.string({ maxLength: 3 }),
)
const anyFew = fc.array(anyValue, { maxLength: 3 })

const anyAct: fc.Arbitrary<Act> = fc.oneof(
  fc.record({
    do: fc.constantFrom(
      ...(['value.value', 'reducing.get', 'aggregating.get', 'list.get', 'map.isEmpty'] as const),
      ...(['map.entries', 'map.keys', 'map.values'] as const),
    ),
  }),
  fc.record({
    do: fc.constantFrom(
      ...([
        'value.clear',
        'reducing.clear',
        'aggregating.clear',
        'list.clear',
        'map.clear',
      ] as const),
    ),
  }),
  fc.record({ do: fc.constantFrom('value.update' as const, 'list.add' as const), value: anyValue }),
  fc.record({
    do: fc.constantFrom('reducing.add' as const, 'aggregating.add' as const),
    value: fc.integer(),
  }),
  fc.record({ do: fc.constantFrom('list.addAll' as const, 'list.update' as const), value: anyFew }),
  fc.record({
    do: fc.constantFrom('map.get' as const, 'map.remove' as const, 'map.contains' as const),
    field: anyField,
  }),
  fc.record({ do: fc.constant('map.put' as const), field: anyField, value: anyValue }),
  fc.record({
    do: fc.constant('map.putAll' as const),
    value: fc.array(fc.tuple(anyField, anyValue), { maxLength: 3 }),
  }),
)

/** Few keys and windows, so that operations meet each other. */
export const anyCommands: fc.Arbitrary<Command[]> = fc.array(
  fc.oneof(
    {
      weight: 30,
      arbitrary: fc.record({
        type: fc.constant('state' as const),
        key: fc.nat(4),
        window: fc.nat(1),
        act: anyAct,
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        type: fc.constant('merge' as const),
        key: fc.nat(4),
        target: fc.nat(1),
        sources: fc.constantFrom([0], [1], [0, 1], [1, 0], []),
      }),
    },
    { weight: 4, arbitrary: fc.record({ type: fc.constant('pass' as const), ms: fc.nat(6) }) },
    { weight: 3, arbitrary: fc.constant({ type: 'snapshot' as const }) },
    { weight: 1, arbitrary: fc.constant({ type: 'release' as const }) },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constant('restore' as const),
        parallelism: fc.constantFrom(1, 2, 3),
      }),
    },
  ),
  // By default fast-check hardly makes more than ten.
  { maxLength: 120, size: 'max' },
)

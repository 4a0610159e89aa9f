// The cases of Flink for state access and TTL, at the level of state: one command after the other.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { hashKey } from '../../../engine/serializer.ts'
import {
  aggregatingState,
  listState,
  mapState,
  reducingState,
  valueState,
  type StateTtl,
} from '../../../engine/state/descriptors.ts'
import type { KeyedStateBackend } from '../../../engine/state/keyed-state-backend.ts'
import { describeBackends, backend } from './small-backend.ts'

describeBackends(() => {
  interface Fields {
    readonly k: string
    readonly cmd: string
    readonly v?: number
    readonly vs?: readonly number[]
    readonly f?: string
  }

  interface Step {
    readonly e?: Fields
    readonly p?: number
    readonly restart?: boolean
  }

  interface Case {
    readonly id: string
    readonly job: { readonly params: { ttl?: number; update?: string; visibility?: string } }
    readonly input: readonly Step[]
    readonly expected: { readonly main: readonly { at: number; result: unknown }[] }
  }

  const folder = join(import.meta.dirname, '../../conformance/cases')
  const cases = ['state-access', 'state-ttl'].flatMap((family): Case[] =>
    JSON.parse(readFileSync(join(folder, `${family}.json`), 'utf8')),
  )

  test.each(cases.map((each) => [each.id, each] as const))('%s', (_, { job, input, expected }) => {
    let now = 0
    const start = (): readonly [KeyedStateBackend, (fields: Fields) => unknown] => {
      const target = backend({ processingTime: () => now })
      return [target, commandsOn(target, ttlOf(job.params))]
    }
    let [target, run] = start()
    const results: unknown[] = []
    for (const [at, { e, p, restart }] of input.entries()) {
      if (p !== undefined) now = p
      if (restart === true) {
        const segments = [...target.snapshot().keyGroups()]
        ;[target, run] = start()
        target.restore(segments)
      }
      if (e === undefined) continue
      target.setCurrentKey(e.k, hashKey(e.k))
      const result = run(e)
      if (result !== undefined) results.push({ at, result })
    }
    expect(results).toEqual(expected.main.map(({ at, result }) => ({ at, result })))
  })

  function ttlOf({ ttl, update, visibility }: Case['job']['params']): StateTtl | undefined {
    if (ttl === undefined) return undefined
    return {
      timeToLiveMs: ttl,
      update: update === 'OnReadAndWrite' ? 'on-read-and-write' : 'on-create-and-write',
      visibility:
        visibility === 'NeverReturnExpired'
          ? 'never-return-expired'
          : 'return-expired-if-not-cleaned-up',
    }
  }

  /** Runs a command; its result, null for none, or undefined for a command without one. */
  function commandsOn(
    target: KeyedStateBackend,
    ttl: StateTtl | undefined,
  ): (fields: Fields) => unknown {
    const options = ttl === undefined ? {} : { ttl }
    const value = target.valueState(valueState<number | null>('value', undefined, options))
    const list = target.listState(listState<number>('list', undefined, options))
    const map = target.mapState(mapState<string, number>('map', {}, options))
    const sum = (a: number, b: number): number => a + b
    const reducing = target.reducingState(reducingState('reducing', sum, undefined, options))
    const join = {
      createAccumulator: () => '',
      add: (added: number, text: string) => (text === '' ? `${added}` : `${text},${added}`),
      getResult: (text: string) => text,
    }
    const aggregating = target.aggregatingState(
      aggregatingState('joined', join, undefined, options),
    )
    return ({ cmd, v = 0, vs = [], f = '' }) => {
      const commands: Readonly<Record<string, () => unknown>> = {
        'value.set': () => value.update(v),
        'value.setNull': () => value.update(null),
        'value.get': () => value.value() ?? null,
        'value.clear': () => value.clear(),
        'list.add': () => list.add(v),
        'list.addAll': () => list.addAll(vs),
        'list.update': () => list.update(vs),
        'list.get': () => list.get(),
        'list.clear': () => list.clear(),
        'map.put': () => map.put(f, v),
        'map.get': () => map.get(f) ?? null,
        'map.remove': () => map.remove(f),
        'map.contains': () => map.contains(f),
        'map.isEmpty': () => map.isEmpty(),
        'map.entries': () => Object.fromEntries(map.entries()),
        'map.clear': () => map.clear(),
        'reducing.add': () => reducing.add(v),
        'reducing.get': () => reducing.get() ?? null,
        'reducing.clear': () => reducing.clear(),
        'aggregating.add': () => aggregating.add(v),
        'aggregating.get': () => aggregating.get() ?? null,
        'aggregating.clear': () => aggregating.clear(),
      }
      const command = commands[cmd]
      if (command === undefined) throw new Error(`There is no command ${cmd}.`)
      return command()
    }
  }
})

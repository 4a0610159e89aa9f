/** The reference model: what operators mean, without the engine. */
import { expect, test } from 'vitest'
import { present } from '../../../engine/assert.ts'
import { StreamEnvironment } from '../../../engine/job/stream-environment.ts'
import type { StreamGraph, StreamNode } from '../../../engine/job/stream-graph.ts'
import { outputTag } from '../../../engine/operator/functions.ts'
import { discardSink } from '../../../engine/sink/sinks.ts'
import { generatorSource } from '../../../engine/source/sources.ts'
import { valueState } from '../../../engine/state/descriptors.ts'
import type { KeyState } from '../../../sim/oracle/model-states.ts'
import {
  applyOperator,
  isBehind,
  isBehindFold,
  sinksBehind,
} from '../../../sim/oracle/reference-model.ts'

interface Row {
  readonly k: string
  readonly n: number
}

const rows = generatorSource<Row>(1, () => ({ k: '', n: 0 }))
const odd = outputTag<number>('odd')

/** A graph with every operator. */
function graph(): StreamGraph {
  const env = new StreamEnvironment()
  const source = env.fromSource(rows)
  source.map(({ n }) => n + 1).sinkTo(discardSink(), { name: 'plain' })
  source
    .flatMap(({ n }) => [n, n])
    .rebalance()
    .map((n) => n, { name: 'late' })
    .sinkTo(discardSink())
  source.filter(({ n }) => n > 1)
  const split = source.process<number>(({ n }, context) => {
    if (n % 2 === 0) context.collect(n)
    else context.output(odd, n)
  })
  split.sideOutput(odd).map((n) => n, { name: 'odds' })
  const sums = source.keyBy(({ k }) => k).sum('n')
  sums.map(({ n }) => n, { name: 'format' }).sinkTo(discardSink(), { name: 'sums' })
  sums
    .keyBy(({ k }) => k)
    .reduce((a, b) => (a.n > b.n ? a : b))
    .sinkTo(discardSink(), { name: 'largest' })
  source
    .keyBy(({ k }) => k)
    .process<string>(
      (_, context) => {
        const count = context.state(valueState<number>('count'))
        count.update((count.value() ?? 0) + 1)
        context.collect(`${String(context.key)}${count.value()}`)
      },
      { name: 'counter' },
    )
  return env.graph()
}

const whole = graph()
const node = (uid: string): StreamNode =>
  present(
    whole.nodes.find((each) => each.uid === uid),
    `There is ${uid}.`,
  )

/** What an operator emits for values of one key, as `tag:value` for side outputs. */
function emitted(uid: string, key: unknown, ...values: readonly unknown[]): unknown[] {
  const state: KeyState = new Map()
  const found: unknown[] = []
  const { work } = node(uid)
  if (work.type === 'source') throw new Error('Sources emit nothing here.')
  for (const value of values) {
    applyOperator(
      node(uid),
      work.operator,
      { value, origin: 0, timestamp: 0 },
      key,
      state,
      (tag, out) => found.push(tag === null ? out : `${tag}:${String(out)}`),
    )
  }
  return found
}

test('map, flatMap, filter and side outputs', () => {
  expect(emitted('map', null, { n: 1 })).toEqual([2])
  expect(emitted('flatMap', null, { n: 1 })).toEqual([1, 1])
  expect(emitted('filter', null, { n: 1 }, { n: 2 })).toEqual([{ n: 2 }])
  expect(emitted('process', null, { n: 1 }, { n: 2 })).toEqual(['odd:1', 2])
})

test('sum keeps the first record, reduce the combination, process its state', () => {
  expect(emitted('sum', 'a', { k: 'a', n: 1, id: 1 }, { k: 'a', n: 2, id: 2 })).toEqual([
    { k: 'a', n: 1, id: 1 },
    { k: 'a', n: 3, id: 1 },
  ])
  expect(emitted('reduce', 'a', { n: 5 }, { n: 3 }, { n: 9 })).toEqual([
    { n: 5 },
    { n: 5 },
    { n: 9 },
  ])
  expect(emitted('counter', 'a', {}, {})).toEqual(['a1', 'a2'])
})

test('the sinks behind a fold are those that show its order', () => {
  expect([...sinksBehind(whole, node('sum'), new Set())]).toEqual(['sums'])
  expect([...sinksBehind(whole, node('reduce'), new Set())]).toEqual(['largest'])
  expect([...sinksBehind(whole, node('sum'), new Set([node('format').id]))]).toEqual([])
})

test('whether a fold or another operator stands in front of a node', () => {
  expect(['sum', 'format', 'reduce', 'map'].map((uid) => isBehindFold(whole, node(uid)))).toEqual([
    false,
    true,
    true,
    false,
  ])
  const late = new Set([node('late').id])
  expect(['late', 'sink', 'map'].map((uid) => isBehind(whole, node(uid), late))).toEqual([
    true,
    true,
    false,
  ])
})

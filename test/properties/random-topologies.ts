/**
 * Random jobs whose right answer is known: stages of every kind of edge, with and without state. What they commit is a
 * multiset that no order of events can change, so a plain program over the list of inputs says what it must be.
 */
import fc from 'fast-check'
import { defineJob, kafkaSink, kafkaSource, text, valueState } from 'weirstream'
import type { DataStream, Job } from 'weirstream'

type Edge = 'forward' | 'rebalance' | 'rescale' | 'shuffle' | 'global'

export type Stage =
  | { readonly type: 'map'; readonly edge: Edge; readonly parallelism: number }
  /** Every subtask gets every record. */
  | { readonly type: 'broadcast'; readonly parallelism: number }
  /** By the record: the n-th of its kind is told so. */
  | { readonly type: 'count'; readonly parallelism: number }
  /** By few keys, so that subtasks share much state; the records go on as they are. */
  | { readonly type: 'bucket'; readonly parallelism: number }
  /** Even and odd ones apart, and together again. */
  | { readonly type: 'union'; readonly parallelism: number }
  /** Every record on both inputs of one operator, which waits for the second. */
  | { readonly type: 'connect'; readonly parallelism: number }

export interface Topology {
  readonly stages: readonly Stage[]
  readonly chaining: boolean
}

const parallelism = fc.integer({ min: 1, max: 3 })
const stage = fc.oneof<fc.Arbitrary<Stage>[]>(
  fc.record({
    type: fc.constant('map' as const),
    edge: fc.constantFrom<Edge[]>('forward', 'rebalance', 'rescale', 'shuffle', 'global'),
    parallelism,
  }),
  ...(['broadcast', 'count', 'bucket', 'union', 'connect'] as const).map((type) =>
    fc.record({ type: fc.constant(type), parallelism }),
  ),
)

/** One to four stages, at most one of which multiplies the records. */
export const anyTopology: fc.Arbitrary<Topology> = fc
  .record({
    stages: fc.array(stage, { minLength: 1, maxLength: 4, size: 'max' }),
    chaining: fc.boolean(),
  })
  .filter(({ stages }) => stages.filter(({ type }) => type === 'broadcast').length <= 1)

const seen = valueState<number>('seen')
const left = valueState<number>('left')
const right = valueState<number>('right')

export function jobOf({ stages, chaining }: Topology): Job {
  return defineJob('Random Topology', { chaining }, (env) => {
    const source = kafkaSource({ topics: ['in'], groupId: 'random', value: text })
    let stream: DataStream<string> = env.fromSource(source).map(({ value }) => value)
    stages.forEach((one, index) => {
      stream = append(stream, one, `stage-${index}`)
    })
    stream.sinkTo(kafkaSink({ topic: 'out', value: text, delivery: 'exactly-once' }), {
      uid: 'sink',
    })
  })
}

/** What the job commits, in any order. */
export function expectedOf({ stages }: Topology, inputs: readonly string[]): string[] {
  return stages.reduce<string[]>((values, one) => modelOf(values, one), [...inputs])
}

function append(stream: DataStream<string>, one: Stage, name: string): DataStream<string> {
  const options = { uid: name, name, parallelism: one.parallelism }
  switch (one.type) {
    case 'map':
      return stream[one.edge === 'forward' ? 'rebalance' : one.edge]().map(marked('m'), options)
    case 'broadcast':
      return stream.broadcast().map(marked('b'), options)
    case 'count':
      return stream
        .keyBy((value) => value)
        .process<string>((value, context) => {
          const state = context.state(seen)
          const count = (state.value() ?? 0) + 1
          state.update(count)
          context.collect(`${value}c${count}`)
        }, options)
    case 'bucket':
      return stream
        .keyBy((value) => Number.parseInt(value) % 5)
        .process<string>((value, context) => {
          const state = context.state(seen)
          state.update((state.value() ?? 0) + 1)
          context.collect(value)
        }, options)
    case 'union': {
      const even = stream.filter(isEven, { uid: `${name}-even` }).rebalance()
      const odd = stream.filter((value) => !isEven(value), { uid: `${name}-odd` }).rebalance()
      return even.union(odd).map(marked('u'), options)
    }
    case 'connect':
      return connected(stream, one.parallelism, name)
  }
}

function connected(stream: DataStream<string>, subtasks: number, name: string): DataStream<string> {
  const first = stream.rebalance().map((value) => value, { uid: `${name}-left` })
  const second = stream.rebalance().map((value) => value, { uid: `${name}-right` })
  return first
    .connect(second)
    .keyBy(
      (value) => value,
      (value) => value,
    )
    .process<string>(
      {
        processElement1(value, context) {
          const mine = (context.state(left).value() ?? 0) + 1
          context.state(left).update(mine)
          if (mine <= (context.state(right).value() ?? 0)) context.collect(`${value}j${mine}`)
        },
        processElement2(value, context) {
          const mine = (context.state(right).value() ?? 0) + 1
          context.state(right).update(mine)
          if (mine <= (context.state(left).value() ?? 0)) context.collect(`${value}j${mine}`)
        },
      },
      { uid: name, name, parallelism: subtasks },
    )
}

function modelOf(values: readonly string[], one: Stage): string[] {
  switch (one.type) {
    case 'map':
      return values.map(marked('m'))
    case 'broadcast':
      return values.flatMap((value) =>
        Array.from({ length: one.parallelism }, () => marked('b')(value)),
      )
    case 'count':
      return numbered(values, 'c')
    case 'bucket':
      return [...values]
    case 'union':
      return values.map(marked('u'))
    case 'connect':
      return numbered(values, 'j')
  }
}

function numbered(values: readonly string[], mark: string): string[] {
  const counts = new Map<string, number>()
  return values.map((value) => {
    const count = (counts.get(value) ?? 0) + 1
    counts.set(value, count)
    return `${value}${mark}${count}`
  })
}

function marked(mark: string): (value: string) => string {
  return (value) => `${value}${mark}`
}

function isEven(value: string): boolean {
  return Number.parseInt(value) % 2 === 0
}

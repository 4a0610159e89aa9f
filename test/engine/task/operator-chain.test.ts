/** The wiring inside of a subtask: who calls whom, in which order, and what happens to outputs that nobody reads. */
import { describe, expect, test } from 'vitest'
import { present } from '../../../engine/assert.ts'
import type { OperatorHandle } from '../../../engine/checkpoint/snapshot-handle.ts'
import type { RecordWriter } from '../../../engine/exchange/record-writer.ts'
import { attemptId, checkpointId, subtaskId, vertexId } from '../../../engine/ids.ts'
import type { StreamEnvironment } from '../../../engine/job/stream-environment.ts'
import { defineJob } from '../../../engine/job/define-job.ts'
import { buildJobGraph } from '../../../engine/job/job-graph.ts'
import { Mutants } from '../../../engine/mutants.ts'
import { outputTag } from '../../../engine/operator/functions.ts'
import { discardSink } from '../../../engine/sink/sinks.ts'
import { generatorSource } from '../../../engine/source/sources.ts'
import { HeapStateBackend } from '../../../engine/state/heap-state-backend.ts'
import { OperatorChain } from '../../../engine/task/operator-chain.ts'
import { valueState } from '../../../engine/state/descriptors.ts'
import { FakeRuntime } from '../fake-runtime.ts'
import { NO_BROKER, NO_FILES, NO_SERVICES } from '../operator-context.ts'

/** The chain of the first vertex of a job that reads 0, 1, 2, 3; `written` is what left it, by edge. */
function chainOf(build: (env: StreamEnvironment) => void) {
  const graph = buildJobGraph(defineJob('Chained', {}, build))
  const vertex = present(graph.vertices[0], 'The job has a vertex.')
  const written: unknown[][] = vertex.outputs.map(() => [])
  let isFull = false
  const writers = written.map((values): Pick<RecordWriter, 'write' | 'isAvailable'> => ({
    write: (value) => {
      values.push(value)
    },
    get isAvailable() {
      return !isFull
    },
  }))
  const chain = new OperatorChain(vertex, writers as unknown as RecordWriter[], {
    jobName: 'Chained',
    subtask: subtaskId(vertexId('source'), 0),
    subtaskIndex: 0,
    parallelism: 1,
    attempt: attemptId(1),
    runtime: new FakeRuntime(),
    broker: NO_BROKER,
    mutants: new Mutants(),
    provenance: { isOn: false, current: null },
    keyedState: new HeapStateBackend({ maxParallelism: 4, range: { first: 0, last: 3 } }),
    services: NO_SERVICES,
    files: NO_FILES,
    runtimeMode: 'streaming',
    autoWatermarkIntervalMs: 200,
    schedule: () => ({ label: '' }),
    cancel: () => undefined,
    wake: () => undefined,
    fail: () => undefined,
  })
  const run = (restored: readonly OperatorHandle[] = []): unknown[][] => {
    if (chain.head.type !== 'source') throw new Error('The head is a source.')
    chain.open(restored, restored.length === 0 ? null : checkpointId(1))
    chain.head.reader.poll(() => true)
    return written
  }
  return {
    chain,
    vertex,
    run,
    fill: () => {
      isFull = true
    },
  }
}

const numbers = generatorSource(4, (i) => i)

test('chained operators call each other in the order of the stream', () => {
  const seen: number[] = []
  const { run } = chainOf((env) => {
    env
      .fromSource(numbers)
      .map((n) => n * 10)
      .filter((n) => n > 0)
      .flatMap((n) => [n, n + 1])
      .map((n) => seen.push(n))
      .sinkTo(discardSink())
  })
  run()
  expect(seen).toEqual([10, 11, 20, 21, 30, 31])
})

test('a stream with two consumers goes to both, value by value', () => {
  const seen: string[] = []
  const { run } = chainOf((env) => {
    const source = env.fromSource(numbers)
    source.map((n) => seen.push(`a${n}`)).sinkTo(discardSink())
    source.map((n) => seen.push(`b${n}`)).sinkTo(discardSink())
  })
  run()
  expect(seen).toEqual(['a0', 'b0', 'a1', 'b1', 'a2', 'b2', 'a3', 'b3'])
})

test('a record for another vertex goes to the writer of its edge', () => {
  const { run } = chainOf((env) => {
    const source = env.fromSource(numbers)
    source
      .keyBy((n) => n)
      .reduce((a) => a)
      .sinkTo(discardSink())
    source
      .map((n) => -n)
      .rebalance()
      .map((n) => n)
      .sinkTo(discardSink())
  })
  expect(run()).toEqual([
    [0, 1, 2, 3],
    [-0, -1, -2, -3],
  ])
})

describe('side outputs', () => {
  const odd = outputTag<number>('odd')
  const split = (env: StreamEnvironment) =>
    env.fromSource(numbers).process<number>((n, context) => {
      if (n % 2 === 0) context.collect(n)
      else context.output(odd, n)
    })

  test('reach a chained consumer and the writer of another vertex', () => {
    const seen: string[] = []
    const { run } = chainOf((env) => {
      const events = split(env)
      events.map((n) => seen.push(`main ${n}`)).sinkTo(discardSink())
      events
        .sideOutput(odd)
        .map((n) => seen.push(`odd ${n}`))
        .sinkTo(discardSink())
      events
        .sideOutput(odd)
        .rebalance()
        .map((n) => n)
        .sinkTo(discardSink())
    })
    expect(run()).toEqual([[1, 3]])
    expect(seen).toEqual(['main 0', 'odd 1', 'main 2', 'odd 3'])
  })

  test('that nobody reads are dropped', () => {
    const seen: number[] = []
    const { run } = chainOf((env) => {
      split(env)
        .map((n) => seen.push(n))
        .sinkTo(discardSink())
    })
    run()
    expect(seen).toEqual([0, 2])
  })
})

test('only the operator behind the keyBy has keyed state: a chained one asks in vain', () => {
  const { run } = chainOf((env) => {
    env
      .fromSource(numbers)
      .process((_, context) => {
        if ('state' in context) (context.state as (d: unknown) => void)(valueState('s'))
      })
      .sinkTo(discardSink())
  })
  expect(run).toThrow('but its stream is not keyed')
})

test('operators open from tail to head, so that a committer commits before its writer writes', () => {
  const { chain, vertex } = chainOf((env) => {
    env
      .fromSource(numbers)
      .map((n) => n)
      .filter(() => true)
      .sinkTo(discardSink())
  })
  expect(chain.headToTail.map(({ uid }) => uid)).toEqual(vertex.nodes.map(({ uid }) => uid))
  expect(chain.tailToHead.map(({ uid }) => uid)).toEqual(['sink', 'filter', 'map', 'source'])
})

test('each operator is opened with its own state', () => {
  const seen: number[] = []
  const build = (env: StreamEnvironment): void => {
    env
      .fromSource(numbers)
      .map((n) => seen.push(n))
      .sinkTo(discardSink())
  }
  const { chain: before } = chainOf(build)
  if (before.head.type !== 'source') throw new Error('The head is a source.')
  let room = 3
  before.open([], null)
  before.head.reader.poll(() => room-- > 0)
  const snapshot = { checkpoint: checkpointId(1), hold: () => () => undefined }
  const handles: OperatorHandle[] = before.headToTail.map((operator) => ({
    uid: operator.uid,
    operatorState: operator.snapshot?.(snapshot)() ?? [],
  }))
  chainOf(build).run(handles)
  expect(seen).toEqual([0, 1, 2, 3])
})

test('the chain is available as long as its writers are', () => {
  const { chain, fill } = chainOf((env) => {
    env
      .fromSource(numbers)
      .keyBy((n) => n)
      .reduce((a) => a)
      .sinkTo(discardSink())
  })
  expect(chain.isAvailable).toBe(true)
  fill()
  expect(chain.isAvailable).toBe(false)
})

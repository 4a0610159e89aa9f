/** Slots, attempts and channels of a deployed job. */
import { expect, test } from 'vitest'
import { attemptId, subtaskId, vertexId, workerId } from '../../../engine/ids.ts'
import { defineJob } from '../../../engine/job/define-job.ts'
import { buildJobGraph } from '../../../engine/job/job-graph.ts'
import type { Execution } from '../../../engine/recovery/execution-graph.ts'
import { ExecutionGraph, isEnded } from '../../../engine/recovery/execution-graph.ts'
import { discardSink } from '../../../engine/sink/sinks.ts'
import { generatorSource } from '../../../engine/source/sources.ts'
import { summingJob } from '../small-jobs.ts'

function workers(slots: Readonly<Record<string, number>>) {
  return Object.entries(slots).map(([name, count]) => ({ worker: workerId(name), slots: count }))
}

/** `source/0@worker-1`, … */
function places(executions: readonly Execution[] | null): string[] | null {
  return executions?.map(({ subtask, worker }) => `${subtask}@${worker}`) ?? null
}

test('a job needs as many slots as its largest parallelism', () => {
  expect(new ExecutionGraph(summingJob({ parallelism: 3 })).slotsNeeded).toBe(3)
  const wide = defineJob('Wide', { parallelism: 2 }, (env) => {
    env
      .fromSource(generatorSource(1, (i) => i))
      .map((i) => i, { parallelism: 5 })
      .sinkTo(discardSink())
  })
  expect(new ExecutionGraph(buildJobGraph(wide)).slotsNeeded).toBe(5)
})

test('with too few slots nothing is scheduled', () => {
  const graph = new ExecutionGraph(summingJob({ parallelism: 3 }))
  expect(graph.schedule(workers({ 'worker-1': 1, 'worker-2': 1 }))).toBeNull()
  expect(graph.executions).toEqual([])
})

test('subtask i of every vertex shares slot i', () => {
  const graph = new ExecutionGraph(summingJob({ parallelism: 2 }))
  expect(places(graph.schedule(workers({ 'worker-1': 1, 'worker-2': 1 })))).toEqual([
    'source/0@worker-1',
    'source/1@worker-2',
    'sum/0@worker-1',
    'sum/1@worker-2',
  ])
})

test('slots go round over the workers in the order of their names, whoever registered first', () => {
  const graph = new ExecutionGraph(summingJob({ parallelism: 4 }))
  const scheduled = graph.schedule(workers({ 'worker-3': 1, 'worker-1': 8, 'worker-2': 8 }))
  expect(places(scheduled)?.slice(0, 4)).toEqual([
    'source/0@worker-1',
    'source/1@worker-2',
    'source/2@worker-3',
    'source/3@worker-1',
  ])
})

test('every deployment gives every subtask a new attempt', () => {
  const graph = new ExecutionGraph(summingJob({ parallelism: 2 }))
  const both = workers({ 'worker-1': 2 })
  const first = graph.schedule(both)?.map(({ attempt }) => attempt)
  const second = graph.schedule(both)?.map(({ attempt }) => attempt)
  expect(new Set([...(first ?? []), ...(second ?? [])]).size).toBe(8)
})

test('an execution is found by its current attempt only', () => {
  const graph = new ExecutionGraph(summingJob())
  const [source] = graph.schedule(workers({ 'worker-1': 1 })) ?? []
  if (source === undefined) throw new Error('The job has a source.')
  expect(graph.find(source.subtask, source.attempt)).toBe(source)
  graph.schedule(workers({ 'worker-1': 1 }))
  expect(graph.find(source.subtask, source.attempt)).toBeUndefined()
  expect(graph.find(subtaskId(vertexId('nobody'), 0), attemptId(1))).toBeUndefined()
})

test('both ends of a channel agree on its name and on who is at the other end', () => {
  const graph = new ExecutionGraph(summingJob({ parallelism: 3 }))
  const executions = graph.schedule(workers({ 'worker-1': 2, 'worker-2': 2 })) ?? []
  const outgoing: string[] = []
  const incoming: string[] = []
  for (const { subtask, attempt, worker } of executions) {
    const execution = graph.find(subtask, attempt)
    if (execution === undefined) throw new Error('It was just scheduled.')
    const { inputs, outputs } = graph.channelsOf(execution)
    const self = `${subtask} ${attempt} ${worker}`
    for (const peer of outputs.flat()) {
      outgoing.push(`${peer.channel}: ${self} to ${peer.subtask} ${peer.attempt} ${peer.worker}`)
    }
    for (const peer of inputs) {
      incoming.push(`${peer.channel}: ${peer.subtask} ${peer.attempt} ${peer.worker} to ${self}`)
    }
  }
  expect(outgoing).toHaveLength(9)
  expect(outgoing.toSorted()).toEqual(incoming.toSorted())
})

test('inputs stand in the order of the producers, outputs in the order of the consumers', () => {
  const graph = new ExecutionGraph(summingJob({ parallelism: 2 }))
  const executions = graph.schedule(workers({ 'worker-1': 2 })) ?? []
  const [source, , , sum] = executions
  if (source === undefined || sum === undefined) throw new Error('There are four subtasks.')
  expect(
    graph.channelsOf(source).outputs.map((edge) => edge.map(({ subtask }) => subtask)),
  ).toEqual([['sum/0', 'sum/1']])
  expect(graph.channelsOf(sum).inputs.map(({ subtask }) => subtask)).toEqual([
    'source/0',
    'source/1',
  ])
})

test('an attempt has ended when it can do nothing any more', () => {
  const states = ['scheduled', 'deploying', 'initializing', 'running', 'canceling'] as const
  expect(states.filter(isEnded)).toEqual([])
  expect((['finished', 'canceled', 'failed'] as const).every(isEnded)).toBe(true)
  const graph = new ExecutionGraph(summingJob())
  const [source, sum] = graph.schedule(workers({ 'worker-1': 1 })) ?? []
  if (source === undefined || sum === undefined) throw new Error('There are two subtasks.')
  source.status = 'failed'
  expect([graph.areAllEnded(), graph.areAll('failed')]).toEqual([false, false])
  sum.status = 'canceled'
  expect([graph.areAllEnded(), graph.areAll('failed')]).toEqual([true, false])
})

/**
 * The history and trace of a small run, written by hand: the job sums numbers per key; two input partitions, two output
 * partitions, one completed checkpoint in the middle, one restart from it. Tests change one thing and look what breaks.
 */
import {
  attemptId,
  channelId,
  checkpointId,
  millis,
  subtaskId,
  vertexId,
} from '../../../engine/ids.ts'
import { workerId } from '../../../engine/ids.ts'
import { defineJob } from '../../../engine/job/define-job.ts'
import { buildJobGraph } from '../../../engine/job/job-graph.ts'
import type { RecordOrigin } from '../../../engine/trace.ts'
import { text } from '../../../engine/serializer.ts'
import { kafkaSink } from '../../../engine/sink/sinks.ts'
import { kafkaSource } from '../../../engine/source/sources.ts'
import type { Fact, TransactionState } from '../../../engine/trace.ts'
import type { History, LogEntry } from '../../../sim/history/history.ts'
import { judge } from '../../../sim/oracle/judge.ts'
import type { Judgement } from '../../../sim/oracle/judge.ts'
import { NO_METRICS } from '../../engine/snapshot-handles.ts'

type Mutable<T> = T extends string | number | Uint8Array
  ? T
  : T extends readonly (infer E)[]
    ? Mutable<E>[]
    : T extends object
      ? { -readonly [K in keyof T]: Mutable<T[K]> }
      : T

export interface Draft {
  history: Mutable<History>
  facts: Fact[]
}

const job = defineJob('Hand', { parallelism: 1 }, (env) => {
  env
    .fromSource(kafkaSource({ topics: ['in'], groupId: 'g', value: text }))
    .map(({ value }) => ({ k: value.slice(0, 1), n: Number(value.slice(2)) }), { name: 'parse' })
    .keyBy(({ k }) => k)
    .sum('n')
    .map(({ k, n }) => `${k},${n}`, { name: 'format' })
    .sinkTo(kafkaSink({ topic: 'out', value: text, delivery: 'exactly-once' }))
})

/**
 * Input `a,1 a,2 a,4` in in/0 and `b,5 a,8` in in/1; checkpoint 1 covers in/0 up to offset 2 and in/1 up to 1; key a was
 * folded in the order 1, 2, 8, 4, into out/0; key b into out/1.
 */
export function clean(): Draft {
  return {
    history: {
      fed: [fed(0, 'a,1', 'a,2', 'a,4'), fed(1, 'b,5', 'a,8')],
      coordination: [],
      savepoints: [],
      checkpoints: [
        {
          checkpoint: checkpointId(1),
          seq: 0,
          offsets: [
            { source: 'source', topic: 'in', partition: 0, offset: 2 },
            { source: 'source', topic: 'in', partition: 1, offset: 1 },
          ],
          states: [
            {
              vertex: 'sum',
              state: 'sum.sum',
              entries: [
                { key: 'a', value: 3 },
                { key: 'b', value: 5 },
              ],
            },
          ],
          operatorStates: [],
          inFlight: 0,
          channels: [],
          problems: [],
        },
      ],
      outputs: [
        outputs(0, ['a,1', 0, 0], ['a,3', 0, 1], ['a,11', 1, 1], ['a,15', 0, 2]),
        outputs(1, ['b,5', 1, 0]),
      ],
      log: [
        entry(0, 0, 0, 'data'),
        entry(0, 2, 0, 'commit'),
        entry(0, 3, 1, 'data'),
        entry(0, 5, 1, 'commit'),
        entry(1, 0, 0, 'data'),
        entry(1, 1, 0, 'commit'),
      ],
      openTransactions: [],
      stuck: null,
    },
    facts: [
      deploying('source', 1),
      deploying('sum', 1),
      fenced(0),
      appended(0),
      barrier(1),
      prepared(0, 1),
      acknowledged('source', 1, 1),
      acknowledged('sum', 1, 1),
      completed(1),
      groupOffset(0, 2),
      state('PrepareCommit', 0),
      { type: 'fault-fired', fault: 0, kind: 'crash', on: 'worker-1', phase: 'idle' },
      restart(1),
      deploying('source', 2),
      deploying('sum', 2),
      resumed(0, 2),
      resumed(1, 1),
      fenced(1),
      appended(1),
      barrier(2),
      prepared(1, 2),
      acknowledged('source', 2, 2),
      acknowledged('sum', 2, 2),
      completed(2),
      state('PrepareCommit', 1),
    ],
  }
}

/** Judges a draft. */
export function judged({ history, facts }: Draft, bug: string | null = null): Judgement {
  const trace = facts.map((fact, seq) => ({ ...fact, seq, at: millis(seq), cause: seq - 1 }))
  return judge({
    stream: job.graph,
    graphs: [buildJobGraph(job)],
    history,
    trace,
    bug,
    twins: () => {
      throw new Error('The reference model knows the whole job.')
    },
  })
}

/** The invariants that a draft breaks, each once. */
export function broken(draft: Draft): string[] {
  return [...new Set(judged(draft).violations.map(({ invariant }) => invariant))]
}

/** The clean run, changed. */
export function changed(change: (draft: Draft) => void): Draft {
  const draft = clean()
  change(draft)
  return draft
}

/** Puts facts in front of the first one of a type. */
export function before(draft: Draft, type: Fact['type'], ...facts: readonly Fact[]): void {
  draft.facts.splice(
    draft.facts.findIndex((fact) => fact.type === type),
    0,
    ...facts,
  )
}

function fed(partition: number, ...values: readonly string[]): Mutable<History['fed'][number]> {
  const records = values.map((value, offset) => ({
    value,
    key: null,
    topic: 'in',
    partition,
    offset,
    timestamp: 0,
    headers: [],
  }))
  return { source: 'source', topic: 'in', partition, records, endOffset: values.length }
}

/** Outputs as value, input partition and input offset; readers saw them all. */
export function outputs(
  partition: number,
  ...list: readonly (readonly [value: string, partition: number, offset: number])[]
): Mutable<History['outputs'][number]> {
  const committed = list.map(([value, inPartition, inOffset], offset) => ({
    offset,
    key: null,
    value: text.encode(value),
    origins: [{ topic: 'in', partition: inPartition, offset: inOffset } satisfies RecordOrigin],
  }))
  const observed = committed.map(({ offset, value }) => ({ offset, value }))
  const end = list.length + 2
  return {
    sinks: ['sink'],
    delivery: 'exactly-once',
    topic: 'out',
    partition,
    committed,
    observed,
    lastStableOffset: end,
    highWatermark: end,
  }
}

export function entry(
  partition: number,
  offset: number,
  producerEpoch: number,
  kind: LogEntry['kind'],
): LogEntry {
  return { topic: 'out', partition, offset, producerId: 1, producerEpoch, kind }
}

const subtaskOf = (vertex: string) => subtaskId(vertexId(vertex), 0)
const transaction = (producerEpoch: number) => ({
  transactionalId: 'tx',
  producerId: 1,
  producerEpoch,
})

export function deploying(vertex: string, attempt: number): Fact {
  return {
    type: 'subtask-status-changed',
    subtask: subtaskOf(vertex),
    attempt: attemptId(attempt),
    worker: workerId('worker-1'),
    status: 'deploying',
    reason: '',
  }
}

export function acknowledged(vertex: string, attempt: number, checkpoint: number): Fact {
  return {
    type: 'checkpoint-acknowledged',
    checkpoint: checkpointId(checkpoint),
    subtask: subtaskOf(vertex),
    attempt: attemptId(attempt),
    sizeBytes: 0,
    writtenBytes: 0,
    metrics: NO_METRICS,
  }
}

export function completed(checkpoint: number): Fact {
  return {
    type: 'checkpoint-completed',
    checkpoint: checkpointId(checkpoint),
    kind: 'checkpoint',
    location: '',
    sizeBytes: 0,
    writtenBytes: 0,
    durationMs: 0,
  }
}

export function barrier(checkpoint: number): Fact {
  const channel = channelId(subtaskOf('source'), subtaskOf('sum'), 0)
  return { type: 'barrier-received', checkpoint: checkpointId(checkpoint), channel }
}

export function restart(checkpoint: number | null): Fact {
  const id = checkpoint === null ? null : checkpointId(checkpoint)
  return { type: 'restart-started', restart: 1, checkpoint: id, subtasks: [] }
}

export function resumed(partition: number, offset: number): Fact {
  return { type: 'split-restored', subtask: subtaskOf('source'), topic: 'in', partition, offset }
}

export function groupOffset(partition: number, offset: number): Fact {
  return { type: 'group-offset-committed', groupId: 'g', topic: 'in', partition, offset }
}

export function prepared(epoch: number, checkpoint: number): Fact {
  const id = checkpointId(checkpoint)
  return {
    type: 'transaction-prepared',
    checkpoint: id,
    subtask: subtaskOf('sum'),
    ...transaction(epoch),
  }
}

export function fenced(epoch: number): Fact {
  return { type: 'transaction-fenced', subtask: subtaskOf('sum'), ...transaction(epoch) }
}

export function state(value: TransactionState, epoch: number): Fact {
  return { type: 'transaction-state-changed', state: value, ...transaction(epoch) }
}

export function appended(producerEpoch: number): Fact {
  return {
    type: 'batch-appended',
    topic: 'out',
    partition: 0,
    baseOffset: 0,
    count: 1,
    producerId: 1,
    producerEpoch,
    isTransactional: true,
    highWatermark: 1,
    lastStableOffset: 0,
  }
}

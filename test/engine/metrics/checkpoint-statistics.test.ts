/** Checkpoints as a fold over the trace, in Flink's REST shapes. */
import { describe, expect, test } from 'vitest'
import { Simulation } from '../../../sim/simulation.ts'
import { inputLines } from '../../../sim/workload/workload.ts'
import { CheckpointTracker } from '../../../engine/metrics/checkpoint-statistics.ts'
import { attemptId, checkpointId, millis, subtaskId, vertexId } from '../../../engine/ids.ts'
import { workerId } from '../../../engine/ids.ts'
import type { Fact } from '../../../engine/trace.ts'
import { jobNamed } from '../../golden/jobs.ts'
import { NO_METRICS } from '../snapshot-handles.ts'

const SOURCE = subtaskId(vertexId('source'), 0)
const SUMS = [0, 1].map((index) => subtaskId(vertexId('sum'), index))
const first = checkpointId(1)

class Run {
  readonly tracker = new CheckpointTracker(3)
  #seq = 0

  constructor() {
    for (const subtask of [SOURCE, ...SUMS]) {
      this.at(0, {
        type: 'subtask-status-changed',
        subtask,
        attempt: attemptId(1),
        worker: workerId('worker-1'),
        status: 'running',
        reason: '',
      })
    }
  }

  at(at: number, ...facts: readonly Fact[]): this {
    for (const fact of facts) {
      this.tracker.observe({ ...fact, seq: this.#seq, at: millis(at), cause: -1 })
      this.#seq += 1
    }
    return this
  }

  trigger(at: number, id = 1, kind: 'checkpoint' | 'savepoint' | 'stop' = 'checkpoint'): this {
    const checkpoint = checkpointId(id)
    return this.at(at, { type: 'checkpoint-triggered', checkpoint, kind, alignment: 'aligned' })
  }

  acknowledge(at: number, subtask: (typeof SUMS)[number], sizeBytes = 0, id = 1): this {
    return this.at(at, {
      type: 'checkpoint-acknowledged',
      checkpoint: checkpointId(id),
      subtask,
      attempt: attemptId(1),
      sizeBytes,
      writtenBytes: sizeBytes / 2,
      metrics: {
        ...NO_METRICS,
        startDelayMs: 3,
        alignmentMs: sizeBytes / 10,
        syncMs: 1,
        asyncMs: 4,
        processedBytes: 7,
        persistedBytes: 2,
      },
    })
  }

  complete(at: number, id = 1, kind: 'checkpoint' | 'savepoint' | 'stop' = 'checkpoint'): this {
    const checkpoint = checkpointId(id)
    const sizes = { sizeBytes: 0, writtenBytes: 0, durationMs: 0 }
    const location = `chk-${id}/_metadata`
    return this.at(at, { type: 'checkpoint-completed', checkpoint, kind, location, ...sizes })
  }

  abort(at: number, id = 1): this {
    const checkpoint = checkpointId(id)
    return this.at(at, { type: 'checkpoint-aborted', checkpoint, reason: 'it took too long' })
  }
}

test('one that is under way tells who has acknowledged', () => {
  const { tracker } = new Run()
    .trigger(100)
    .acknowledge(110, SOURCE)
    .acknowledge(130, SUMS[0] ?? SOURCE, 40)
  expect(tracker.statistics.counts).toEqual({
    restored: 0,
    total: 1,
    in_progress: 1,
    completed: 0,
    failed: 0,
  })
  expect(tracker.findDetails(first)).toMatchObject({
    className: 'in_progress',
    status: 'IN_PROGRESS',
    trigger_timestamp: 100,
    latest_ack_timestamp: 130,
    end_to_end_duration: 30,
    state_size: 40,
    checkpointed_size: 20,
    processed_data: 14,
    persisted_data: 4,
    num_subtasks: 3,
    num_acknowledged_subtasks: 2,
    tasks: {
      source: { status: 'COMPLETED', num_subtasks: 1, num_acknowledged_subtasks: 1 },
      sum: { status: 'IN_PROGRESS', num_subtasks: 2, num_acknowledged_subtasks: 1 },
    },
  })
  expect(tracker.findTask(first, 'sum')?.subtasks).toEqual([
    {
      index: 0,
      status: 'completed',
      ack_timestamp: 130,
      end_to_end_duration: 30,
      checkpointed_size: 20,
      state_size: 40,
      checkpoint: { sync: 1, async: 4 },
      alignment: { buffered: 0, processed: 7, persisted: 2, duration: 4 },
      start_delay: 3,
      unaligned_checkpoint: false,
      aborted: false,
    },
    { index: 1, status: 'pending_or_failed' },
  ])
})

test('one without any acknowledgement has no end-to-end duration', () => {
  const { tracker } = new Run().trigger(100).abort(200)
  expect(tracker.findDetails(first)).toMatchObject({
    className: 'failed',
    latest_ack_timestamp: -1,
    end_to_end_duration: -1,
    failure_timestamp: 200,
    failure_message: 'it took too long',
  })
})

test('a completed one tells where it lies, and that it was deleted', () => {
  const run = new Run().trigger(100).acknowledge(110, SOURCE).complete(120)
  const path = { external_path: 'chk-1/_metadata', status: 'COMPLETED' }
  expect(run.tracker.statistics.latest.completed).toMatchObject({ ...path, discarded: false })
  run.at(130, { type: 'checkpoint-subsumed', checkpoint: first })
  expect(run.tracker.statistics.latest.completed).toMatchObject({ ...path, discarded: true })
})

test('an acknowledgement after the end does not count', () => {
  const { tracker } = new Run().trigger(100).abort(200).acknowledge(210, SOURCE)
  expect(tracker.findDetails(first)?.num_acknowledged_subtasks).toBe(0)
})

test('savepoints are told apart, and are the newest of their kind', () => {
  const run = new Run().trigger(100).complete(110).trigger(200, 2, 'savepoint')
  run.complete(210, 2, 'savepoint').trigger(300, 3, 'stop').complete(310, 3, 'stop')
  const { latest, history } = run.tracker.statistics
  expect(history.map(({ checkpoint_type }) => checkpoint_type)).toEqual([
    'SYNC_SAVEPOINT',
    'SAVEPOINT',
    'CHECKPOINT',
  ])
  expect([latest.completed?.id, latest.savepoint?.id]).toEqual([1, 3])
})

test('what a restart began with is told', () => {
  const run = new Run().trigger(100).complete(110)
  run.at(500, { type: 'restart-started', restart: 1, checkpoint: first, subtasks: [] })
  expect(run.tracker.statistics).toMatchObject({
    counts: { restored: 1 },
    latest: {
      restored: {
        id: 1,
        restore_timestamp: 500,
        is_savepoint: false,
        external_path: 'chk-1/_metadata',
      },
    },
  })
})

test('the history is bounded, the counts are not', () => {
  const run = new Run()
  for (let id = 1; id <= 5; id += 1) run.trigger(id * 100, id).complete(id * 100 + 10, id)
  expect(run.tracker.statistics.history.map(({ id }) => id)).toEqual([5, 4, 3])
  expect(run.tracker.statistics.counts).toMatchObject({ total: 5, completed: 5, in_progress: 0 })
  expect(run.tracker.findDetails(first)).toBeUndefined()
  expect(run.tracker.findTask(first, 'sum')).toBeUndefined()
})

test('a vertex that is not there has no details', () => {
  expect(new Run().trigger(100).tracker.findTask(first, 'other')).toBeUndefined()
})

describe('of a simulated run', () => {
  const job = { builtin: 'traffic-statistics' }
  const plan = {
    v: 1,
    job,
    config: { checkpointIntervalMs: 500, inputDurationMs: 2000 },
    seed: 3,
    input: { generator: 'traffic', params: { records: 400 } },
    faults: [],
  } as const
  const tracker = new CheckpointTracker(100)
  const simulation = new Simulation(jobNamed(job.builtin), plan, { lines: inputLines(plan) })
  const result = simulation.run()
  for (const event of simulation.trace) tracker.observe(event)

  test('every completed checkpoint was acknowledged by every subtask, after its trigger', () => {
    const { history, counts } = tracker.statistics
    expect(counts.completed).toBe(result.summary.checkpoints.completed)
    for (const checkpoint of history) {
      expect(checkpoint.num_acknowledged_subtasks).toBe(checkpoint.num_subtasks)
      expect(checkpoint.end_to_end_duration).toBeGreaterThan(0)
      const details = tracker.findDetails(checkpoint.id)
      const parts = Object.values(details?.tasks ?? {})
      const sizes = parts.reduce((sum, { state_size }) => sum + state_size, 0)
      expect(sizes).toBe(checkpoint.state_size)
    }
  })

  test('start delay, alignment, synchronous and asynchronous part make up the way to the acknowledgement', () => {
    for (const { id } of tracker.statistics.history) {
      for (const vertex of Object.keys(tracker.findDetails(id)?.tasks ?? {})) {
        for (const subtask of tracker.findTask(id, vertex)?.subtasks ?? []) {
          if (subtask.status !== 'completed') throw new Error('Every checkpoint completed.')
          const { start_delay, alignment, checkpoint, end_to_end_duration } = subtask
          const parts = start_delay + alignment.duration + checkpoint.sync + checkpoint.async
          // The rest is the message to the job master.
          expect(end_to_end_duration - parts).toBeGreaterThan(0)
          expect(end_to_end_duration - parts).toBeLessThan(2)
        }
      }
    }
  })
})

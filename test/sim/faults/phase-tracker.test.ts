/** What is in flight at each moment, read off the facts. */
import { describe, expect, test } from 'vitest'
import { attemptId, checkpointId, subtaskId, vertexId, workerId } from '../../../engine/ids.ts'
import type { Fact, JobStatus, SubtaskStatus } from '../../../engine/trace.ts'
import { type Phase, PhaseTracker } from '../../../sim/faults/phase-tracker.ts'
import { NO_METRICS } from '../../engine/snapshot-handles.ts'

const SUBTASKS = [0, 1].map((index) => subtaskId(vertexId('sum'), index))

/** A job with two subtasks, on one worker each. */
class Tracked {
  readonly #tracker = new PhaseTracker()

  see(...facts: readonly Fact[]): this {
    for (const fact of facts) this.#tracker.observe(fact)
    return this
  }

  job(status: JobStatus): this {
    return this.see({ type: 'job-status-changed', status, reason: '' })
  }

  subtasks(status: SubtaskStatus, ...indexes: readonly number[]): this {
    return this.see(
      ...indexes.map((index): Fact => {
        const worker = workerId(`worker-${index + 1}`)
        const subtask = subtaskOf(index)
        return {
          type: 'subtask-status-changed',
          subtask,
          attempt: attemptId(1),
          worker,
          status,
          reason: '',
        }
      }),
    )
  }

  run(): this {
    return this.job('running').subtasks('running', 0, 1)
  }

  crash(worker: string): this {
    return this.see({ type: 'worker-crashed', worker: workerId(worker), incarnation: 1 })
  }

  trigger(checkpoint: number): this {
    return this.see({
      type: 'checkpoint-triggered',
      checkpoint: checkpointId(checkpoint),
      kind: 'checkpoint',
      alignment: 'aligned',
    })
  }

  inject(checkpoint: number): this {
    const id = checkpointId(checkpoint)
    return this.see({ type: 'barrier-injected', checkpoint: id, subtask: subtaskOf(0) })
  }

  take(checkpoint: number, ...indexes: readonly number[]): this {
    return this.see(
      ...indexes.map((index): Fact => {
        const id = checkpointId(checkpoint)
        const subtask = subtaskOf(index)
        return {
          type: 'snapshot-taken',
          checkpoint: id,
          subtask,
          startDelayMs: 0,
          alignmentMs: 0,
          records: 0,
        }
      }),
    )
  }

  acknowledge(checkpoint: number, ...indexes: readonly number[]): this {
    return this.see(
      ...indexes.map((index): Fact => {
        const id = checkpointId(checkpoint)
        const subtask = subtaskOf(index)
        return {
          type: 'checkpoint-acknowledged',
          checkpoint: id,
          subtask,
          attempt: attemptId(1),
          sizeBytes: 0,
          writtenBytes: 0,
          metrics: NO_METRICS,
        }
      }),
    )
  }

  complete(checkpoint: number): this {
    const id = checkpointId(checkpoint)
    return this.see({
      type: 'checkpoint-completed',
      checkpoint: id,
      kind: 'checkpoint',
      location: '',
      sizeBytes: 0,
      writtenBytes: 0,
      durationMs: 0,
    })
  }

  abort(checkpoint: number): this {
    return this.see({
      type: 'checkpoint-aborted',
      checkpoint: checkpointId(checkpoint),
      reason: '',
    })
  }

  transaction(what: 'prepared' | 'committed' | 'fenced', checkpoint: number): this {
    const ref = { transactionalId: 'tx', producerId: 1, producerEpoch: 0, subtask: subtaskOf(0) }
    const id = checkpointId(checkpoint)
    if (what === 'prepared')
      return this.see({ type: 'transaction-prepared', checkpoint: id, ...ref })
    if (what === 'fenced') return this.see({ type: 'transaction-fenced', ...ref })
    return this.see({ type: 'transaction-committed', checkpoint: id, isRecommit: false, ...ref })
  }

  split(what: 'restored' | 'caught-up', partition: number): this {
    const place = { topic: 'in', partition, offset: 0 }
    return this.see({ type: `split-${what}`, subtask: subtaskOf(0), ...place })
  }

  get phase(): Phase {
    return this.#tracker.phase
  }

  hosts(worker: string): boolean {
    return this.#tracker.hosts(worker)
  }
}

function subtaskOf(index: number) {
  return SUBTASKS[index] ?? subtaskId(vertexId('sum'), index)
}

test('a checkpoint goes through its phases', () => {
  const tracked = new Tracked().run()
  expect(tracked.phase).toBe('idle')
  expect(tracked.trigger(1).phase).toBe('triggered')
  expect(tracked.inject(1).phase).toBe('aligning')
  expect(tracked.take(1, 0).phase).toBe('aligning')
  expect(tracked.take(1, 1).phase).toBe('snapshotting')
  expect(tracked.acknowledge(1, 1).phase).toBe('snapshotting')
  expect(tracked.acknowledge(1, 0).phase).toBe('storing')
  expect(tracked.complete(1).phase).toBe('idle')
})

test('an aborted checkpoint is over', () => {
  expect(new Tracked().run().trigger(1).inject(1).abort(1).phase).toBe('idle')
})

test('what comes late for an aborted checkpoint puts nothing in flight', () => {
  const tracked = new Tracked().run().trigger(1).inject(1).take(1, 0).acknowledge(1, 0).abort(1)
  expect(tracked.take(1, 1).phase).toBe('idle')
  expect(tracked.acknowledge(1, 1).phase).toBe('idle')
})

test('nor does it count for the next one', () => {
  const tracked = new Tracked().run().trigger(1).inject(1).take(1, 0).abort(1).trigger(2).inject(2)
  expect(tracked.take(1, 1).take(2, 0).phase).toBe('aligning')
  expect(tracked.take(2, 1).phase).toBe('snapshotting')
})

describe('committing', () => {
  test('lasts from the completion until every prepared transaction is committed', () => {
    const tracked = new Tracked().run().trigger(1).transaction('prepared', 1)
    expect(tracked.phase).toBe('triggered')
    expect(tracked.complete(1).phase).toBe('committing')
    expect(tracked.transaction('committed', 1).phase).toBe('idle')
  })

  test('a transaction of a checkpoint that is not complete is not being committed', () => {
    const tracked = new Tracked().run().transaction('prepared', 2).complete(1)
    expect(tracked.phase).toBe('idle')
  })

  test('a fenced transaction is over too', () => {
    const tracked = new Tracked().run().transaction('prepared', 1).complete(1)
    expect(tracked.transaction('fenced', 1).phase).toBe('idle')
  })
})

describe('restoring', () => {
  test('is everything before the job runs', () => {
    const tracked = new Tracked()
    expect(tracked.phase).toBe('restoring')
    tracked.job('running').subtasks('deploying', 0, 1)
    expect(tracked.phase).toBe('restoring')
    expect(tracked.subtasks('running', 0).phase).toBe('restoring')
    expect(tracked.subtasks('running', 1).phase).toBe('idle')
  })

  test('begins with the crash of a worker that hosts a subtask', () => {
    expect(new Tracked().run().crash('worker-2').phase).toBe('restoring')
  })

  test('does not begin with the crash of an idle worker', () => {
    const tracked = new Tracked().run()
    expect([tracked.hosts('worker-1'), tracked.hosts('worker-3')]).toEqual([true, false])
    expect(tracked.crash('worker-3').phase).toBe('idle')
  })

  test('ends the checkpoint that was pending', () => {
    const tracked = new Tracked().run().trigger(1).inject(1).job('restarting').run()
    expect(tracked.phase).toBe('idle')
  })
})

test('the job replays from its restore until every split has caught up', () => {
  const tracked = new Tracked().run().job('restarting').job('running')
  tracked.split('restored', 0).split('restored', 1).subtasks('running', 0, 1)
  expect(tracked.phase).toBe('replaying')
  expect(tracked.split('caught-up', 0).phase).toBe('replaying')
  expect(tracked.trigger(2).phase, 'a checkpoint weighs more').toBe('triggered')
  expect(tracked.abort(2).split('caught-up', 1).phase).toBe('idle')
})

/** Counting failed checkpoints. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  NO_FAILURES,
  onCheckpointFailed,
  onCheckpointSucceeded,
} from '../../../engine/checkpoint/failure-counter.ts'
import type { CheckpointFailure } from '../../../engine/checkpoint/failure.ts'
import { checkpointId, subtaskId, vertexId } from '../../../engine/ids.ts'
import { readCases } from '../conformance-cases.ts'

const EXPIRED: CheckpointFailure = { type: 'expired', afterMs: 1 }

/** What Flink's reason is here. */
function failureOf(reason: string): CheckpointFailure {
  const declined = { type: 'declined', subtask: subtaskId(vertexId('a'), 0), reason } as const
  switch (reason) {
    case 'CHECKPOINT_EXPIRED':
      return EXPIRED
    case 'IO_EXCEPTION':
    case 'FINALIZE_CHECKPOINT_FAILURE':
      return { type: 'storage-failed', reason }
    case 'CHECKPOINT_DECLINED':
    case 'CHECKPOINT_ASYNC_EXCEPTION':
      return { ...declined, isFailure: true }
    case 'JOB_FAILOVER_REGION':
      return { type: 'failover' }
    case 'CHECKPOINT_COORDINATOR_SHUTDOWN':
      return { type: 'job-ended' }
    default:
      return { ...declined, isFailure: false }
  }
}

interface Step {
  readonly fail?: number
  readonly reason?: string
  readonly success?: number
}

test.each(readCases<{ tolerable: number }, Step>('checkpoint-failures'))(
  '$id: so many failures fail the job as in Flink',
  ({ job, input, expected }) => {
    let counter = NO_FAILURES
    const found = input.flatMap(({ fail, reason = '', success }, at) => {
      if (success !== undefined) {
        counter = onCheckpointSucceeded(counter, checkpointId(success))
        return []
      }
      const id = checkpointId(Number(fail))
      const [next, exceeding] = onCheckpointFailed(counter, id, failureOf(reason), job.tolerable)
      counter = next
      return exceeding === null ? [] : [{ failJob: true, at }]
    })
    expect(found).toEqual(expected.main)
  },
)

test('what exceeds is the number of checkpoints that failed in a row', () => {
  const [one, tolerated] = onCheckpointFailed(NO_FAILURES, checkpointId(4), EXPIRED, 1)
  const [two, exceeding] = onCheckpointFailed(one, checkpointId(5), EXPIRED, 1)
  expect([tolerated, exceeding]).toEqual([null, 2])
  expect(two, 'they count anew').toEqual(NO_FAILURES)
})

test('for every row of failures of one checkpoint it counts once', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), (reports) => {
      let counter = NO_FAILURES
      for (let n = 0; n < reports; n++) {
        const [next, exceeding] = onCheckpointFailed(counter, checkpointId(7), EXPIRED, 1)
        expect(exceeding).toBeNull()
        counter = next
      }
      expect([...counter.counted]).toEqual([7])
    }),
  )
})

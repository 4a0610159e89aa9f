/** Why checkpoints fail. */
import { expect, test } from 'vitest'
import {
  type CheckpointFailure,
  describeFailure,
  isCounted,
} from '../../../engine/checkpoint/failure.ts'
import { subtaskId, vertexId } from '../../../engine/ids.ts'

const failures: readonly [CheckpointFailure, string, boolean][] = [
  [{ type: 'expired', afterMs: 500 }, 'it took longer than 500 ms', true],
  [
    { type: 'declined', subtask: subtaskId(vertexId('sum'), 1), reason: 'full', isFailure: true },
    'sum/1 declined it: full',
    true,
  ],
  [
    { type: 'declined', subtask: subtaskId(vertexId('sum'), 1), reason: 'busy', isFailure: false },
    'sum/1 declined it: busy',
    false,
  ],
  [
    { type: 'storage-failed', reason: 'disk full' },
    'its metadata could not be stored: disk full',
    true,
  ],
  [{ type: 'failover' }, 'the job was restarted', false],
  [{ type: 'job-ended' }, 'the job ended', false],
]

test.each(failures)('%j is described', (failure, sentence) => {
  expect(describeFailure(failure)).toBe(sentence)
})

test('failures count toward the tolerable ones unless nothing went wrong but the moment', () => {
  expect(failures.map(([failure]) => isCounted(failure))).toEqual(failures.map(([, , is]) => is))
})

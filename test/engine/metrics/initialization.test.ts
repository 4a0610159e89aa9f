/** What subtasks do before they run again, step by step, and all of them in one span. */
import { expect, test } from 'vitest'
import {
  attemptId,
  checkpointId,
  millis,
  subtaskId,
  vertexId,
  workerId,
} from '../../../engine/ids.ts'
import { Initializations, summarizeInitialization } from '../../../engine/metrics/initialization.ts'
import type { Fact, SubtaskStatus } from '../../../engine/trace.ts'

const checkpoint = checkpointId(3)
const [first, second] = [0, 1].map((index) => subtaskId(vertexId('sum'), index))
if (first === undefined || second === undefined) throw new Error('There are two.')

class Restart {
  readonly initializations = new Initializations()

  at(at: number, ...facts: readonly Fact[]): this {
    for (const fact of facts) {
      this.initializations.observe({ ...fact, seq: at, at: millis(at), cause: -1 })
    }
    return this
  }
}

function status(subtask: typeof first, value: SubtaskStatus): Fact {
  if (subtask === undefined) throw new Error('There are two.')
  const attempt = attemptId(2)
  const worker = workerId('worker-1')
  return { type: 'subtask-status-changed', subtask, attempt, worker, status: value, reason: '' }
}

test('each step counts from the one before it', () => {
  const { initializations } = new Restart()
    .at(100, status(first, 'deploying'))
    .at(103, status(first, 'initializing'))
    .at(120, {
      type: 'state-downloaded',
      subtask: first,
      checkpoint,
      sizeBytes: 500,
      localBytes: 200,
    })
    .at(125, { type: 'state-restored', subtask: first, checkpoint, sizeBytes: 500, keyCount: 9 })
    .at(132, { type: 'channel-state-restored', subtask: first, checkpoint, count: 4 })
    .at(133, status(first, 'running'))
  expect(initializations.all).toEqual([
    {
      subtask: first,
      startMs: 3,
      downloadMs: 17,
      restoreMs: 5,
      gateRestoreMs: 7,
      initializeMs: 1,
      remoteBytes: 300,
      localBytes: 200,
    },
  ])
})

test('what a subtask does later is no part of it, and a restart begins anew', () => {
  const run = new Restart().at(0, status(first, 'deploying'), status(second, 'deploying'))
  run.at(4, status(first, 'running')).at(9, status(first, 'running'))
  expect(run.initializations.all.map(({ initializeMs }) => initializeMs)).toEqual([4, null])
  run.initializations.restart()
  expect(run.initializations.all).toEqual([])
})

test('the span of a restart has the longest and the sum of each step, and where the bytes came from', () => {
  const run = new Restart().at(0, status(first, 'deploying'), status(second, 'deploying'))
  run.at(2, status(first, 'initializing')).at(5, status(second, 'initializing'))
  const downloaded = { type: 'state-downloaded', checkpoint, sizeBytes: 10 } as const
  run.at(6, { ...downloaded, subtask: first, localBytes: 10 })
  run.at(8, { ...downloaded, subtask: second, localBytes: 0 })
  expect(summarizeInitialization(run.initializations.all)).toEqual({
    max: { startMs: 5, downloadMs: 4, restoreMs: 0, gateRestoreMs: 0, initializeMs: 0 },
    sum: { startMs: 7, downloadMs: 7, restoreMs: 0, gateRestoreMs: 0, initializeMs: 0 },
    restoredBytes: { local: 10, remote: 10 },
  })
})

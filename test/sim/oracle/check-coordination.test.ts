/** Ids, completions and commits in order: each rule has a trace that breaks it. */
import { expect, test } from 'vitest'
import {
  attemptId,
  checkpointId,
  millis,
  subtaskId,
  vertexId,
  workerId,
} from '../../../engine/ids.ts'
import type { Fact } from '../../../engine/trace.ts'
import { CoordinationCheck } from '../../../sim/oracle/check-coordination.ts'
import { Violations } from '../../../sim/oracle/violation.ts'

const subtask = subtaskId(vertexId('sink'), 0)
const transaction = { transactionalId: 't', producerId: 1, producerEpoch: 0 }

const triggered = (id: number): Fact => ({
  type: 'checkpoint-triggered',
  checkpoint: checkpointId(id),
  kind: 'checkpoint',
  alignment: 'aligned',
})
const completed = (id: number): Fact => ({
  type: 'checkpoint-completed',
  checkpoint: checkpointId(id),
  kind: 'checkpoint',
  location: '',
  sizeBytes: 0,
  writtenBytes: 0,
  durationMs: 0,
})
const told = (id: number): Fact => ({
  type: 'completion-received',
  checkpoint: checkpointId(id),
  subtask,
})
const committed = (id: number, isRecommit = false): Fact => ({
  type: 'transaction-committed',
  checkpoint: checkpointId(id),
  subtask,
  isRecommit,
  ...transaction,
})
const deployed: Fact = {
  type: 'subtask-status-changed',
  subtask,
  attempt: attemptId(2),
  worker: workerId('worker-1'),
  status: 'deploying',
  reason: '',
}

function broken(...facts: readonly Fact[]): string[] {
  const violations = new Violations()
  const trace = facts.map((fact, seq) => ({ ...fact, seq, at: millis(0), cause: -1 }))
  new CoordinationCheck(violations).run(trace)
  return violations.all.map(({ invariant, seq }) => `${invariant} at ${seq}`)
}

test('checkpoints that are triggered, completed, told and committed in order break nothing', () => {
  const run = (id: number) => [triggered(id), completed(id), told(id), committed(id)]
  expect(broken(...run(1), ...run(2), ...run(7))).toEqual([])
})

test('an id that comes again, or goes back, breaks F-I1', () => {
  expect(broken(triggered(1), triggered(1))).toEqual(['F-I1 at 1'])
  expect(broken(triggered(3), triggered(2), triggered(4))).toEqual(['F-I1 at 1'])
})

test('a completion that is told before it is true breaks F-I2', () => {
  expect(broken(triggered(1), told(1), completed(1))).toEqual(['F-I2 at 1'])
})

test('a commit of an older checkpoint breaks F-I3, but for what a restore commits again', () => {
  expect(broken(committed(2), committed(1))).toEqual(['F-I3 at 1'])
  expect(broken(committed(2), deployed, committed(1, true), committed(3))).toEqual([])
})

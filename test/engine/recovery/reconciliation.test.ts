/** What a worker says that it runs, against what the job master thinks: every row of the table. */
import { expect, test } from 'vitest'
import { attemptId, subtaskId, vertexId, workerId } from '../../../engine/ids.ts'
import type { Execution } from '../../../engine/recovery/execution-graph.ts'
import { reconcile } from '../../../engine/recovery/reconciliation.ts'
import type { Finding } from '../../../engine/recovery/reconciliation.ts'
import type { SubtaskStatus } from '../../../engine/trace.ts'

const sum = vertexId('sum')
const SUM = subtaskId(sum, 0)

function execution(status: SubtaskStatus, fields: Partial<Execution> = {}): Execution {
  return {
    subtask: SUM,
    vertex: sum,
    index: 0,
    attempt: attemptId(5),
    worker: workerId('worker-1'),
    status,
    hasInputEnded: false,
    toldAt: 3,
    unconfirmed: new Map(),
    ...fields,
  }
}

const hosted = (status: SubtaskStatus, attempt = 5, hasInputEnded = false) => ({
  subtask: SUM,
  attempt: attemptId(attempt),
  status,
  hasInputEnded,
})

/** `status failed: worker-1 does not run it`, `cancel 5`, … */
function words(findings: readonly Finding[]): string[] {
  return findings.map((finding) => {
    if (finding.type === 'cancel') return `cancel ${finding.attempt}`
    if (finding.type !== 'status') return finding.type
    return `status ${finding.status}${finding.reason === '' ? '' : `: ${finding.reason}`}`
  })
}

const GOING = ['scheduled', 'deploying', 'initializing', 'running'] as const
const ENDED = ['canceled', 'failed'] as const

test.each(GOING)('an attempt that is %s and not there has failed', (status) => {
  expect(words(reconcile([execution(status)], [], 4))).toEqual([
    'status failed: worker-1 does not run it',
  ])
})

test.each([...GOING, 'canceling'] as const)(
  'while it is %s, an answer from before it was told so says nothing',
  (status) => {
    expect(reconcile([execution(status)], [], 3)).toEqual([])
  },
)

test('one that is canceling and not there was canceled', () => {
  expect(words(reconcile([execution('canceling')], [], 4))).toEqual(['status canceled'])
})

test('one that is canceling and runs is told again, once it must have heard', () => {
  expect(words(reconcile([execution('canceling')], [hosted('running')], 4))).toEqual(['cancel 5'])
  expect(words(reconcile([execution('canceling')], [hosted('running')], 3))).toEqual([])
})

test('one that is canceling and finished before it heard has finished', () => {
  expect(words(reconcile([execution('canceling')], [hosted('finished')], 4))).toEqual([
    'status finished',
  ])
})

test.each([
  ['deploying', 'initializing'],
  ['deploying', 'running'],
  ['initializing', 'running'],
  ['running', 'finished'],
] as const)('a status that was lost is made up for: %s, in truth %s', (known, told) => {
  expect(words(reconcile([execution(known)], [hosted(told)], 4))).toEqual([`status ${told}`])
  expect(words(reconcile([execution(told)], [hosted(told)], 4))).toEqual([])
})

test('so is the end of the input', () => {
  const ended = hosted('running', 5, true)
  expect(words(reconcile([execution('running')], [ended], 4))).toEqual(['input-ended'])
  expect(reconcile([execution('running', { hasInputEnded: true })], [ended], 4)).toEqual([])
})

test('an event that was not confirmed although a later request was answered is lost', () => {
  const waiting = execution('running', { unconfirmed: new Map([[1, 3]]) })
  expect(reconcile([waiting], [hosted('running')], 3)).toEqual([])
  expect(words(reconcile([waiting], [hosted('running')], 4))).toEqual(['event-lost'])
})

test('an attempt that is not part of the job is canceled', () => {
  expect(words(reconcile([], [hosted('running', 4)], 4))).toEqual(['cancel 4'])
  expect(
    words(reconcile([execution('running', { toldAt: 4 })], [hosted('running', 4)], 4)),
  ).toEqual(['cancel 4'])
})

test.each(ENDED)('so is one that counts as %s', (status) => {
  expect(words(reconcile([execution(status)], [hosted('running')], 4))).toEqual(['cancel 5'])
  expect(reconcile([execution(status)], [], 4)).toEqual([])
})

test('one that finished may be held for its consumers, or not', () => {
  expect(reconcile([execution('finished')], [hosted('finished')], 4)).toEqual([])
  expect(reconcile([execution('finished')], [], 4)).toEqual([])
})

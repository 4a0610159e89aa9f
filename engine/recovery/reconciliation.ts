/**
 * Compares what a worker says that it runs with what the job master thinks. Messages of a link arrive in order, so an
 * answer to a request that was sent after a deployment knows of it: what differs then was lost on the way, either the
 * order or the report, and is made up for here. Says what is to be done, does nothing.
 * Source: Flink DefaultExecutionDeploymentReconciler; the events of coordinators: FLINK-21996.
 *
 *   master        worker           finding
 *   canceling     runs it          cancel it again
 *   canceling     does not         it was canceled
 *   not ended     does not         it failed: the deployment, or its last report, was lost
 *   not ended     other status     that status
 *   not ended     same             nothing; an event that it never confirmed fails it
 *   ended or unknown, runs it      cancel it
 */
import type { AttemptId, SubtaskId } from '../ids.ts'
import type { HostedAttempt } from '../messages.ts'
import type { SubtaskStatus } from '../trace.ts'
import { isEnded } from './execution-graph.ts'
import type { Execution } from './execution-graph.ts'

export type Finding =
  | {
      readonly type: 'status'
      readonly execution: Execution
      readonly status: SubtaskStatus
      readonly reason: string
    }
  | { readonly type: 'input-ended'; readonly execution: Execution }
  | { readonly type: 'event-lost'; readonly execution: Execution }
  | { readonly type: 'cancel'; readonly subtask: SubtaskId; readonly attempt: AttemptId }

/** `executions`: all of the job that were placed on the worker; `beat`: of the request that is answered. */
export function reconcile(
  executions: readonly Execution[],
  hosted: readonly HostedAttempt[],
  beat: number,
): Finding[] {
  const findings: Finding[] = []
  const unknown = new Map(hosted.map((one) => [one.subtask, one]))
  for (const execution of executions) {
    const found = hosted.find(
      ({ subtask, attempt }) => subtask === execution.subtask && attempt === execution.attempt,
    )
    if (found === undefined) {
      if (!isEnded(execution.status) && execution.toldAt < beat) findings.push(missing(execution))
      continue
    }
    if (isEnded(execution.status) && execution.status !== 'finished') continue
    unknown.delete(found.subtask)
    findings.push(...differences(execution, found, beat))
  }
  for (const { subtask, attempt } of unknown.values()) {
    findings.push({ type: 'cancel', subtask, attempt })
  }
  return findings
}

function missing(execution: Execution): Finding {
  if (execution.status === 'canceling') {
    return { type: 'status', execution, status: 'canceled', reason: '' }
  }
  const reason = `${execution.worker} does not run it`
  return { type: 'status', execution, status: 'failed', reason }
}

function differences(execution: Execution, found: HostedAttempt, beat: number): Finding[] {
  if (execution.status === 'finished') return []
  const { subtask, attempt, status, hasInputEnded } = found
  if (execution.status === 'canceling' && !isEnded(status)) {
    return execution.toldAt < beat ? [{ type: 'cancel', subtask, attempt }] : []
  }
  const findings: Finding[] = []
  if (hasInputEnded && !execution.hasInputEnded) findings.push({ type: 'input-ended', execution })
  if (status !== execution.status) {
    findings.push({ type: 'status', execution, status, reason: '' })
  }
  const isLost = [...execution.unconfirmed.values()].some((sentAt) => sentAt < beat)
  if (isLost && !isEnded(status)) findings.push({ type: 'event-lost', execution })
  return findings
}

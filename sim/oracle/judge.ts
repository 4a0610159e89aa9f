/** The oracle: a pure function of a run's history and trace. */
import { InvariantViolation } from '../../engine/assert.ts'
import { describeError } from '../../engine/errors.ts'
import type { JobGraph } from '../../engine/job/job-graph.ts'
import { describeTopology } from '../../engine/job/topology.ts'
import type { StreamGraph } from '../../engine/job/stream-graph.ts'
import type { TraceEvent } from '../../engine/trace.ts'
import { hasEventTime } from '../event-time.ts'
import type { History } from '../history/history.ts'
import { checkLogs } from './check-logs.ts'
import { OutputCheck } from './check-outputs.ts'
import type { OutputFindings } from './check-outputs.ts'
import { ProtocolCheck } from './check-protocol.ts'
import { isModeled } from './reference-model.ts'
import { Violations } from './violation.ts'
import type { InvariantId, Violation } from './violation.ts'

/** How a run ended: as it should, with a failed assertion, without coming to rest, or with a wrong result. */
export type Outcome = 'passed' | 'invariant' | 'liveness' | 'correctness'

export interface Verdict {
  readonly outcome: Outcome
  /** The first few of each broken invariant. */
  readonly violations: readonly Violation[]
}

export interface Judgement extends Verdict {
  readonly findings: OutputFindings
}

/** Invariants that speak of progress: nothing is wrong in what is there, but something is missing. */
const PROGRESS: ReadonlySet<InvariantId> = new Set(['L1', 'L2', 'X4'])

/** `bug` is the sentence of a failed assertion of the engine, which ends a run at once. */
export function judge(
  stream: StreamGraph,
  graph: JobGraph,
  history: History,
  trace: readonly TraceEvent[],
  bug: string | null,
): Judgement {
  const violations = new Violations()
  const faults = trace.filter(({ type }) => type === 'fault-fired').length
  const topology = describeTopology(graph, [], () => 0)
  new ProtocolCheck(topology, faults, history.checkpoints, violations).run(trace)
  checkLogs(history, violations)
  const findings = checkOutputs(stream, graph, history, violations)
  const isWrong = violations.all.some(({ invariant }) => !PROGRESS.has(invariant))
  if (bug !== null) violations.add('assertion', bug)
  if (history.stuck !== null)
    violations.add('L1', `The run did not come to rest: ${history.stuck}.`)
  const outcome = outcomeOf(bug !== null, isWrong, violations.all.length > 0)
  return { outcome, violations: violations.all, findings }
}

/** Operators whose input was dealt out round robin to several subtasks: from there on order proves nothing. */
function reorderedNodes({ vertices }: JobGraph): ReadonlySet<number> {
  const reordered = vertices.filter(
    ({ parallelism, inputs }) =>
      parallelism > 1 && inputs.some(({ partitioning }) => partitioning.type === 'rebalance'),
  )
  return new Set(reordered.flatMap(({ nodes }) => nodes.slice(0, 1).map(({ id }) => id)))
}

/** The reference model calls the user's functions, which may throw, as they did in the job. */
function checkOutputs(
  stream: StreamGraph,
  graph: JobGraph,
  history: History,
  violations: Violations,
): OutputFindings {
  if (hasEventTime(stream) || !isModeled(stream)) return NO_FINDINGS
  try {
    return new OutputCheck(stream, history, violations, reorderedNodes(graph)).run()
  } catch (error) {
    if (error instanceof InvariantViolation) throw error
    // A job that cannot get past such a record is stuck, and that is its verdict.
    if (history.stuck === null) {
      const message = `A function of the job threw in the reference model, not in the run: ${describeError(error)}.`
      violations.add('T4', message)
    }
    return NO_FINDINGS
  }
}

/**
 * The model has no time and one input: what comes of timers, windows, joins and services is judged by tests that know
 * the right answer.
 */
const NO_FINDINGS: OutputFindings = { expected: 0, lost: 0, duplicated: 0, uncertainKeys: 0 }

/** A wrong result weighs more than a run that made no progress, and usually is its reason. */
function outcomeOf(isBug: boolean, isWrong: boolean, isStuck: boolean): Outcome {
  if (isBug) return 'invariant'
  if (isWrong) return 'correctness'
  return isStuck ? 'liveness' : 'passed'
}

/**
 * The oracle: a pure function of a run's history and trace, and of what runs without failures left. Asks for those only
 * when the reference model does not know the right result.
 */
import type { JobGraph } from '../../engine/job/job-graph.ts'
import type { StreamGraph } from '../../engine/job/stream-graph.ts'
import type { FactType, TraceEvent } from '../../engine/trace.ts'
import type { History } from '../history/history.ts'
import { CoordinationCheck } from './check-coordination.ts'
import { checkLogs } from './check-logs.ts'
import { OutputCheck } from './check-outputs.ts'
import { ProtocolCheck } from './check-protocol.ts'
import { compareWithTwins } from './check-twins.ts'
import type { OutputFindings } from './output-findings.ts'
import type { Twins } from './run-results.ts'
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

/** What may lead to a restart: a lost message counts for itself, because one fault may take many. */
const FAULTS: ReadonlySet<FactType> = new Set<FactType>(['fault-fired', 'message-lost'])

export interface JudgeOptions {
  readonly stream: StreamGraph
  /** Of the job as it was submitted first, and again. */
  readonly graphs: readonly JobGraph[]
  readonly history: History
  readonly trace: readonly TraceEvent[]
  /** The sentence of a failed assertion of the engine, which ends a run at once; null when there was none. */
  readonly bug: string | null
  /** Runs of the job on the same input without failures. */
  readonly twins: () => Twins
}

export function judge(options: JudgeOptions): Judgement {
  const { graphs, history, trace, bug } = options
  const violations = new Violations()
  const faults = trace.filter(({ type }) => FAULTS.has(type)).length
  const subtasks = graphs.map(countSubtasks)
  new ProtocolCheck(subtasks, faults, history, violations).run(trace)
  new CoordinationCheck(violations).run(trace)
  for (const { invariant, message, seq } of history.coordination) {
    violations.add(invariant, message, seq)
  }
  checkLogs(history, violations)
  const findings = checkOutputs(options, violations)
  const isWrong = violations.all.some(({ invariant }) => !PROGRESS.has(invariant))
  if (bug !== null) violations.add('assertion', bug)
  if (history.stuck !== null)
    violations.add('L1', `The run did not come to rest: ${history.stuck}.`)
  const outcome = outcomeOf(bug !== null, isWrong, violations.all.length > 0)
  return { outcome, violations: violations.all, findings }
}

function countSubtasks({ vertices }: JobGraph): number {
  return vertices.reduce((sum, { parallelism }) => sum + parallelism, 0)
}

/** Operators whose input was dealt out to several subtasks, not by key: from there on order proves nothing. */
function reorderedNodes({ vertices }: JobGraph): ReadonlySet<number> {
  const reordered = vertices.filter(
    ({ parallelism, inputs }) =>
      parallelism > 1 && inputs.some(({ partitioning }) => DEALING.has(partitioning.type)),
  )
  return new Set(reordered.flatMap(({ nodes }) => nodes.slice(0, 1).map(({ id }) => id)))
}

const DEALING: ReadonlySet<string> = new Set(['rebalance', 'rescale', 'shuffle', 'custom'])

/** Topics and states that the model knows are judged by it, the others by twins. */
function checkOutputs(
  { stream, graphs, history, bug, twins }: JudgeOptions,
  violations: Violations,
): OutputFindings {
  const reordered = new Set(graphs.flatMap((graph) => [...reorderedNodes(graph)]))
  const isBatch = graphs.some(({ runtimeMode }) => runtimeMode === 'batch')
  const check = new OutputCheck({ graph: stream, history, violations, reordered, isBatch })
  const modeled = check.run()
  const { uninterpretedTopics: topics, uninterpretedOperators: operators } = check
  if (topics.size === 0 || bug !== null) return modeled
  const compared = compareWithTwins({ history, twins: twins(), topics, operators, violations })
  return {
    expected: modeled.expected + compared.expected,
    lost: modeled.lost + compared.lost,
    duplicated: modeled.duplicated + compared.duplicated,
    uncertainKeys: modeled.uncertainKeys,
    unjudged: compared.unjudged,
  }
}

/** A wrong result weighs more than a run that made no progress, and usually is its reason. */
function outcomeOf(isBug: boolean, isWrong: boolean, isStuck: boolean): Outcome {
  if (isBug) return 'invariant'
  if (isWrong) return 'correctness'
  return isStuck ? 'liveness' : 'passed'
}

/**
 * What a job file describes: operators and the edges between them, before chaining and without parallel instances.
 * Plain data (functions are values in it). Built by the DataStream API, read by the job graph, the plan and the oracle.
 */
import type { KeySelector, Partitioning } from '../exchange/partitioner.ts'
import type { OperatorSpec } from '../operator/operator-spec.ts'
import type { SourceSpec } from '../source/source-spec.ts'

export interface StreamEdge {
  readonly from: number
  /** The side output that is read; null for the main output. */
  readonly tag: string | null
  readonly partitioning: Partitioning
}

export interface StreamNode {
  readonly id: number
  /** Scopes the operator's state; stable over changes of the job when the user sets it. */
  readonly uid: string
  readonly name: string
  readonly parallelism: number | null
  /** Null for a source. */
  readonly input: StreamEdge | null
  /** Set behind a keyBy: state is scoped to this key. */
  readonly keySelector: KeySelector | null
  readonly work:
    | { readonly type: 'source'; readonly source: SourceSpec }
    | { readonly type: 'operator'; readonly operator: OperatorSpec }
}

/** Nodes in the order in which the job file named them: inputs before their consumers. */
export interface StreamGraph {
  readonly nodes: readonly StreamNode[]
}

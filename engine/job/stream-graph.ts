/**
 * What a job file describes: operators and the edges between them, before chaining and without parallel instances.
 * Plain data (functions are values in it). Built by the DataStream API, read by the job graph, the plan and the oracle.
 */
import type { KeySelector, Partitioning } from '../exchange/partitioner.ts'
import type { OperatorSpec } from '../operator/operator-spec.ts'
import type { SourceSpec } from '../source/source-spec.ts'
import type { WatermarkStrategy } from '../time/watermark-strategy.ts'

export interface StreamEdge {
  readonly from: number
  /** The side output that is read; null for the main output. */
  readonly tag: string | null
  readonly partitioning: Partitioning
}

/** One input of an operator: several edges when streams were united. */
export interface StreamInput {
  readonly edges: readonly StreamEdge[]
  /** Set behind a keyBy: state is scoped to this key. */
  readonly keySelector: KeySelector | null
}

/** `always`: with its producer if possible; `head`: begins a chain; `never`: alone. */
export type Chaining = 'always' | 'head' | 'never'

export interface StreamNode {
  readonly id: number
  /** Scopes the operator's state; stable over changes of the job when the user sets it. */
  readonly uid: string
  readonly name: string
  readonly parallelism: number | null
  readonly maxParallelism: number | null
  readonly chaining: Chaining
  /** None for a source, two for an operator that connects two streams. */
  readonly inputs: readonly StreamInput[]
  readonly work:
    | {
        readonly type: 'source'
        readonly source: SourceSpec
        readonly watermarks: WatermarkStrategy<unknown> | null
      }
    | { readonly type: 'operator'; readonly operator: OperatorSpec }
}

/** Nodes in the order in which the job file named them: inputs before their consumers. */
export interface StreamGraph {
  readonly nodes: readonly StreamNode[]
}

/** Whether the node has state by key. */
export function isKeyed({ inputs }: StreamNode): boolean {
  return inputs.some(({ keySelector }) => keySelector !== null)
}

/** All edges into a node, whatever the input. */
export function edgesInto({ inputs }: StreamNode): readonly StreamEdge[] {
  return inputs.flatMap(({ edges }) => edges)
}

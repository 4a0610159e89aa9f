/** A stream that reaches every subtask, with the names of the states that it fills. Source: Flink BroadcastStream. */
import type { StreamEnvironment } from './stream-environment.ts'
import type { StreamEdge } from './stream-graph.ts'

export class BroadcastStream<T> {
  readonly environment: StreamEnvironment
  readonly edges: readonly StreamEdge[]
  readonly states: readonly string[]
  /** Only there for the type; never set. */
  readonly type?: () => T

  constructor(
    environment: StreamEnvironment,
    edges: readonly StreamEdge[],
    states: readonly string[],
  ) {
    this.environment = environment
    this.edges = edges
    this.states = states
  }
}

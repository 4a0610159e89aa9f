/** Whether a job runs as a stream or as a batch. Source: Flink RuntimeExecutionMode (execution_mode.md). */
import { ConfigurationError } from '../errors.ts'
import type { RuntimeMode } from '../operator/operator.ts'
import { isBounded } from '../source/source-spec.ts'
import type { Job } from './define-job.ts'
import type { JobSettings } from './job-options.ts'
import type { StreamNode } from './stream-graph.ts'

/** `automatic` is batch when every source ends. Throws ConfigurationError for a batch over a source without end. */
export function runtimeModeOf({ name, graph }: Job, { runtimeMode }: JobSettings): RuntimeMode {
  const unbounded = graph.nodes.find(isUnboundedSource)
  if (runtimeMode === 'automatic') return unbounded === undefined ? 'batch' : 'streaming'
  if (runtimeMode === 'batch' && unbounded !== undefined) {
    throw new ConfigurationError(
      'unbounded-batch',
      `The job "${name}" has runtimeMode "batch", but its source "${unbounded.uid}" has no end; ` +
        'give the source stopping offsets, or use "streaming" or "automatic".',
    )
  }
  return runtimeMode
}

function isUnboundedSource({ work }: StreamNode): boolean {
  return work.type === 'source' && !isBounded(work.source)
}

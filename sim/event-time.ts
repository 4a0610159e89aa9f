/** Whether a job has event time: then its results come when watermarks say so, not when records do. */
import type { StreamGraph } from '../engine/job/stream-graph.ts'
import { emitsWatermarks } from '../engine/source/source-spec.ts'

export function hasEventTime({ nodes }: StreamGraph): boolean {
  return nodes.some(({ work }) =>
    work.type === 'source'
      ? work.watermarks !== null || emitsWatermarks(work.source)
      : work.operator.type === 'assign-watermarks',
  )
}

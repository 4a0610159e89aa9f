/** Small job graphs: numbers from a generator, summed by key. */
import { defineJob } from '../../engine/job/define-job.ts'
import { buildJobGraph, type JobGraph, type JobVertex } from '../../engine/job/job-graph.ts'
import type { JobOptions } from '../../engine/job/job-options.ts'
import { present } from '../../engine/assert.ts'
import { discardSink } from '../../engine/sink/sinks.ts'
import { generatorSource } from '../../engine/source/sources.ts'

export interface Numbered {
  readonly key: string
  readonly n: number
}

/** source ──hash──▶ sum ─▶ sink. The vertices are `source` and `sum`. */
export function summingJob(options: JobOptions = {}): JobGraph {
  const job = defineJob('Summing', options, (env) => {
    env
      .fromSource(generatorSource<Numbered>(100, (i) => ({ key: `k${i % 7}`, n: i })))
      .keyBy(({ key }) => key)
      .sum('n')
      .sinkTo(discardSink())
  })
  return buildJobGraph(job)
}

export function vertexOf(graph: JobGraph, id: string): JobVertex {
  return present(
    graph.vertices.find((vertex) => vertex.id === id),
    `There is a vertex ${id}.`,
  )
}

/** A job: its name, its options and its stream graph. A description, not a run. */
import { ConfigurationError } from '../errors.ts'
import { StreamEnvironment } from './stream-environment.ts'
import { jobSettings } from './job-options.ts'
import type { JobOptions } from './job-options.ts'
import type { StreamGraph } from './stream-graph.ts'

export interface Job {
  readonly name: string
  readonly options: JobOptions
  readonly graph: StreamGraph
}

/**
 * Describes a job. `build` is called once, now, and adds sources, operators and sinks to the environment; nothing runs.
 * Throws ConfigurationError for options out of range, two operators of one uid, or a job without source.
 */
export function defineJob(
  name: string,
  options: JobOptions,
  build: (environment: StreamEnvironment) => void,
): Job {
  jobSettings(options)
  const environment = new StreamEnvironment()
  build(environment)
  const graph = environment.graph()
  if (!graph.nodes.some(({ work }) => work.type === 'source')) {
    throw new ConfigurationError(
      'no-source',
      `The job "${name}" has no source; begin with env.fromSource(kafkaSource({ … })).`,
    )
  }
  return { name, options, graph }
}

/** True for what `defineJob` returned; used on the default export of a job module. */
export function isJob(value: unknown): value is Job {
  return (
    typeof value === 'object' &&
    value !== null &&
    'name' in value &&
    'options' in value &&
    'graph' in value
  )
}

/** A job whose asynchronous calls this world cannot make is refused before it starts. */
import { ConfigurationError } from '../errors.ts'
import type { JobGraph } from '../job/job-graph.ts'
import type { ServicePort } from '../runtime.ts'

/** Throws ConfigurationError for the first operator whose service is not there. */
export function checkServices({ vertices }: JobGraph, services: Pick<ServicePort, 'has'>): void {
  for (const { uid, work } of vertices.flatMap(({ nodes }) => nodes)) {
    if (work.type !== 'operator' || work.operator.type !== 'async') continue
    const { service } = work.operator.async
    if (services.has(service)) continue
    throw new ConfigurationError(
      'unknown-service',
      `The operator "${uid}" calls the service "${service}", which this run does not offer: give the run ` +
        `services with a function of that name.`,
    )
  }
}

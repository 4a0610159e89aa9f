/** Refuses a job whose state backend the world does not have. */
import { ConfigurationError } from '../errors.ts'
import type { JobGraph } from '../job/job-graph.ts'

/** Throws a ConfigurationError; to be called before anything starts. */
export function checkStateBackend(
  { settings }: JobGraph,
  { hasBaseStores }: { readonly hasBaseStores: boolean },
): void {
  const { backend } = settings.state
  if (backend !== 'rocksdb' || hasBaseStores) return
  throw new ConfigurationError(
    'no-such-state-backend',
    'The state backend "rocksdb" needs files and a native library, which this world does not have: ' +
      'use "heap" or "lsm" here, or run the job on Node.',
  )
}

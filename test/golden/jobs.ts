/** The built-in jobs for tests. */
import type { Job } from 'weirstream'
import { BUILTIN_JOBS } from '../../lessons/jobs/index.ts'

export function jobNamed(name: string): Job {
  const job = BUILTIN_JOBS[name]
  if (job === undefined) throw new Error(`There is no built-in job "${name}".`)
  return job
}

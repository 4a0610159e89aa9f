/** The plans whose hashes must be the same in Node and in Chromium, and the reader of their recorded hashes. */
import type { Plan, TraceLevel } from 'weirstream/sim'
import { simulate } from 'weirstream/sim'
import { jobNamed } from './jobs.ts'
import golden from './hashes.json' with { type: 'json' }

/** A plan as it lies in the file is checked again when it is read. */
export function goldenRuns(): readonly { readonly plan: unknown; readonly traceHash: string }[] {
  return golden
}

export function hashOf(plan: Plan, traceLevel: TraceLevel = 'control'): string {
  const name = 'builtin' in plan.job ? plan.job.builtin : ''
  return simulate(jobNamed(name), plan, { traceLevel }).traceHash
}

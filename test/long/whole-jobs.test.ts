// Every event-time case as a whole job with 100 crash plans of its own.

import { expect, test } from 'vitest'
import { runCrashPlans, WHOLE_JOB_FAMILIES, wholeJobCases } from '../conformance/crash-plans.ts'

test.each(WHOLE_JOB_FAMILIES)(
  '%s: for 100 random crash plans each, whole jobs commit what Flink gives',
  { timeout: 600_000 },
  (family) => {
    expect(runCrashPlans(wholeJobCases(family), 100).failures).toEqual([])
  },
)

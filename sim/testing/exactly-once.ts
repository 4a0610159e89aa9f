/** The property that a job's author asserts in their own test suite: `fc.assert(exactlyOnce(myJob))`. */
import fc from 'fast-check'
import type { IPropertyWithHooks } from 'fast-check'
import type { Job } from '../../engine/job/define-job.ts'
import { encodePlan } from '../plan/parse-plan.ts'
import type { Plan } from '../plan/plan.ts'
import { simulate } from '../simulate.ts'
import { TwinCache } from '../twins.ts'
import { faultPlan, shapeFor } from './fault-plan.ts'
import type { PlanArbitraryOptions } from './fault-plan.ts'

/**
 * For every plan, the job's committed output is what a run without failures gives: nothing lost, duplicated, reordered
 * per key or wrong, every checkpoint a consistent cut, and the job comes to rest. A failure names the invariant and
 * prints the plan as JSON, to be run again with `simulate(job, plan)`; give the property the `job` that a plan should
 * name, and `weir simulate JOB --plan FILE` takes it too.
 */
export function exactlyOnce(
  job: Job,
  options: PlanArbitraryOptions = {},
): IPropertyWithHooks<[Plan]> {
  const twins = new TwinCache()
  return fc.property(faultPlan(shapeFor(job, options)), (plan) => {
    const { verdict } = simulate(job, plan, { twins })
    if (verdict.outcome === 'passed') return
    const reasons = verdict.violations.map(({ invariant, message }) => `${invariant}: ${message}`)
    throw new Error(`${verdict.outcome}\n${reasons.join('\n')}\nplan: ${encodePlan(plan)}`)
  })
}

/** Runs a plan to its end. */
import type { Job } from '../engine/job/define-job.ts'
import type { Plan } from './plan/plan.ts'
import { Simulation } from './simulation.ts'
import type { SimulationOptions } from './simulation.ts'
import type { SimulationResult } from './summary.ts'
import { inputLines } from './workload/workload.ts'
import type { WorkloadItem } from './workload/workload.ts'

/** What a simulation needs beside the plan: nothing, when the plan's input is a generator. */
export type SimulateOptions = Omit<SimulationOptions, 'lines'> & {
  /** The content of the plan's input file. */
  readonly lines?: readonly WorkloadItem[]
}

/**
 * Simulates a job under a plan and judges the run. The same plan gives the same result, trace and hash. Throws
 * ConfigurationError when the plan's input is a file and its lines were not given.
 */
export function simulate(job: Job, plan: Plan, options: SimulateOptions = {}): SimulationResult {
  const lines = options.lines ?? inputLines(plan)
  return new Simulation(job, plan, { ...options, lines }).run()
}

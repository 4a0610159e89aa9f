/** The experiments by name: `weir repro` runs them. */
import type { Experiment } from './experiment.ts'
import { seedFormula } from './seed-formula.ts'

export const EXPERIMENTS: readonly Experiment[] = [seedFormula]

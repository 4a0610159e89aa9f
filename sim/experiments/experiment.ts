/**
 * What an experiment is: it runs simulations that reproduce one published claim or measurement, and judges how far they
 * do. A function of its parameters and seeds alone; files and printing are the command's.
 */
import type { PlotFigure } from './plot-figure.ts'

/** `partly`: some of the claims were seen. */
export type ExperimentVerdict = 'reproduced' | 'partly' | 'not'

/** One thing that was to be seen, and what was. */
export interface Claim {
  readonly claim: string
  /** Where it is said. */
  readonly source: string
  readonly seen: string
  readonly isSeen: boolean
}

export interface ExperimentTable {
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

export interface ExperimentResult {
  readonly name: string
  readonly verdict: ExperimentVerdict
  readonly claims: readonly Claim[]
  /** Parameters that were chosen, and those that were measured apart from what they explain. */
  readonly parameters: readonly string[]
  readonly table: ExperimentTable
  readonly figure: PlotFigure
  /** The measurements themselves, as plain JSON. */
  readonly data: readonly object[]
}

export interface Experiment {
  readonly name: string
  readonly summary: string
  /** `onProgress` is told the share that is done. */
  run(onProgress: (share: number) => void): ExperimentResult
}

export function verdictOf(claims: readonly Claim[]): ExperimentVerdict {
  if (claims.every(({ isSeen }) => isSeen)) return 'reproduced'
  return claims.some(({ isSeen }) => isSeen) ? 'partly' : 'not'
}

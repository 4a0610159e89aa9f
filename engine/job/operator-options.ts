/** What can be said about any operator. */
import { inRange } from '../errors.ts'
import type { Chaining } from './stream-graph.ts'

export interface OperatorOptions {
  /** Identifies the operator's state in checkpoints; set it so that the job can change around it. Default: name and position. */
  readonly uid?: string
  readonly name?: string
  /** Subtasks of this operator; default: the job's parallelism. */
  readonly parallelism?: number
  /** Number of key groups of this operator; default: the job's. */
  readonly maxParallelism?: number
  /** `head`: begins a new chain; `never`: is chained with nobody. Default `always`: with its producer where possible. */
  readonly chaining?: Chaining
}

export interface CheckedOptions {
  readonly parallelism: number | null
  readonly maxParallelism: number | null
  readonly chaining: Chaining
}

/** Throws ConfigurationError, naming the operator, for a number out of range. */
export function checkOptions(name: string, options: OperatorOptions): CheckedOptions {
  const { parallelism, maxParallelism, chaining = 'always' } = options
  const check = (option: string, value: number | undefined): number | null =>
    value === undefined ? null : inRange(`${option} of operator "${name}"`, value, 1, 32_768)
  return {
    parallelism: check('parallelism', parallelism),
    maxParallelism: check('maxParallelism', maxParallelism),
    chaining,
  }
}

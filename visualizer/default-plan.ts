/** The run that opens without a link: the main job, two workers, one of them crashes between two checkpoints. */
import type { Plan } from '../sim/index.ts'

export function defaultPlan(): Plan {
  return {
    v: 1,
    job: { builtin: 'traffic-statistics' },
    config: {},
    seed: 1,
    input: { generator: 'traffic', params: {} },
    faults: [{ kind: 'crash', on: 'worker-2', at: { t: 3750 } }],
  }
}

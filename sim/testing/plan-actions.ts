/** fast-check arbitraries for what somebody does with a job while it runs. */
import fc from 'fast-check'
import type { Arbitrary } from 'fast-check'
import type { FactType } from '../../engine/trace.ts'
import type { Action } from '../plan/plan.ts'

const TIME_MAX_MS = 3500

/** Moments at which a savepoint meets a checkpoint, a commit or a restart. */
const ACTION_POINTS: readonly FactType[] = [
  'checkpoint-triggered',
  'snapshot-taken',
  'transaction-prepared',
  'checkpoint-completed',
  'restart-scheduled',
  'restore-started',
]

/** Somebody takes savepoints, stops, rescales or cancels the job, in the middle of all faults. */
export function planActions(hasTime: boolean): Arbitrary<Action[]> {
  const at = fc.oneof(
    fc.record({ t: fc.integer({ min: 100, max: TIME_MAX_MS }) }, { noNullPrototype: true }),
    fc.record(
      { point: fc.constantFrom(...ACTION_POINTS), nth: fc.integer({ min: 1, max: 6 }) },
      { noNullPrototype: true },
    ),
  )
  // The last watermark fires every window, so that what comes behind it is late.
  const drained = fc.record(
    { kind: fc.constant('stop' as const), at, drain: fc.constant(true) },
    { noNullPrototype: true },
  )
  const action = fc.oneof<Arbitrary<Action>[]>(
    ...(hasTime ? [] : [drained]),
    fc.record(
      { kind: fc.constantFrom('savepoint' as const, 'stop' as const, 'cancel' as const), at },
      { noNullPrototype: true },
    ),
    fc.record(
      { kind: fc.constant('rescale' as const), at, parallelism: fc.integer({ min: 1, max: 3 }) },
      { noNullPrototype: true },
    ),
  )
  return fc.array(action, { minLength: 1, maxLength: 3, size: 'max' })
}

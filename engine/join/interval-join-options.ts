/** Turns the options of an interval join into its spec: defaults, checks, and bounds that are inclusive. */
import { ConfigurationError, inRange } from '../errors.ts'
import type {
  IntervalJoinContext,
  IntervalJoinOptions,
  IntervalJoinSpec,
} from './interval-join-spec.ts'

type Join = {
  method(left: unknown, right: unknown, context: IntervalJoinContext<unknown, unknown>): void
}['method']

/** Throws ConfigurationError for bounds that are not whole numbers, or for a lower one above the upper one. */
export function intervalJoinSpec(
  options: IntervalJoinOptions<unknown, unknown>,
  process: Join,
): IntervalJoinSpec {
  const most = Number.MAX_SAFE_INTEGER
  const lower = inRange('lowerBoundMs', options.lowerBoundMs, -most, most)
  const upper = inRange('upperBoundMs', options.upperBoundMs, -most, most)
  if (lower > upper) {
    throw new ConfigurationError(
      'empty-interval',
      `An interval join from ${lower} to ${upper} ms can join nothing; exchange its bounds.`,
    )
  }
  return {
    lowerBoundMs: options.lowerExclusive === true ? lower + 1 : lower,
    upperBoundMs: options.upperExclusive === true ? upper - 1 : upper,
    leftLateTag: options.leftLateOutput?.name ?? null,
    rightLateTag: options.rightLateOutput?.name ?? null,
    process,
  }
}

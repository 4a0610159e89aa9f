/** Turns the options of an interval join into its spec: defaults, checks, and bounds that are inclusive. */
import { ConfigurationError, inRange } from '../errors.ts'
import type { IntervalJoinContext, IntervalJoinOptions, IntervalJoinSpec } from './interval-join-spec.ts'

type Join = {
  method(left: unknown, right: unknown, context: IntervalJoinContext<unknown, unknown>): void
}['method']

/** Throws ConfigurationError for bounds that are not whole numbers, or that nothing lies between. */
export function intervalJoinSpec(
  options: IntervalJoinOptions<unknown, unknown>,
  process: Join,
): IntervalJoinSpec {
  const most = Number.MAX_SAFE_INTEGER
  const lower = inRange('lowerBoundMs', options.lowerBoundMs, -most, most)
  const upper = inRange('upperBoundMs', options.upperBoundMs, -most, most)
  const lowerBoundMs = options.lowerExclusive === true ? lower + 1 : lower
  const upperBoundMs = options.upperExclusive === true ? upper - 1 : upper
  if (lowerBoundMs > upperBoundMs) {
    throw new ConfigurationError(
      'empty-interval',
      `An interval join from ${lower} to ${upper} ms (exclusive bounds left out) can join nothing; ` +
        'the lower bound must not lie above the upper one.',
    )
  }
  return {
    lowerBoundMs,
    upperBoundMs,
    leftLateTag: options.leftLateOutput?.name ?? null,
    rightLateTag: options.rightLateOutput?.name ?? null,
    process,
  }
}

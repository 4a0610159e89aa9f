/**
 * The pause of an attempt of the exponential-delay strategy: initial · multiplier^n, cut to whole ms, with jitter, at
 * most the maximum. The power is computed in pairs of numbers, since a rounding error in it may cost a whole ms and the
 * language leaves `Math.pow` to the machine. Source: Flink ExponentialDelayRestartBackoffTimeStrategy; the product of two
 * doubles without error is Dekker's (A floating-point technique for extending the available precision, 1971).
 */
import type { ExponentialDelay } from '../job/restart-options.ts'

/** Above this no pause is computed exactly; every maximum is below. */
const DELAY_MAX_MS = Number.MAX_SAFE_INTEGER
/** The runtime draws from at most so many values. */
const DRAW_BOUND = 0x7fff_ffff

/** `retries` is how many attempts came before. `random` draws an integer in [0, bound). */
export function exponentialDelayMs(
  { initialDelayMs, maxDelayMs, multiplier, jitter }: Required<ExponentialDelay>,
  retries: number,
  random: (bound: number) => number,
): number {
  const limit = DELAY_MAX_MS / initialDelayMs
  const delayMs = Math.min(
    DELAY_MAX_MS,
    Math.trunc(initialDelayMs * power(multiplier, retries, limit)),
  )
  const jitteredMs = delayMs + draw(Math.trunc(delayMs * jitter), random)
  return Math.max(initialDelayMs, Math.min(jitteredMs, maxDelayMs))
}

/** An integer in [-offset, offset]. */
function draw(offset: number, random: (bound: number) => number): number {
  if (offset === 0) return 0
  const values = 2 * offset + 1
  if (values <= DRAW_BOUND) return random(values) - offset
  return Math.trunc((random(DRAW_BOUND) / (DRAW_BOUND - 1)) * 2 * offset) - offset
}

/** base^exponent, rounded once; at least `limit` if it is greater than that. `base` is greater than 1. */
function power(base: number, exponent: number, limit: number): number {
  let high = 1
  let low = 0
  for (let n = 0; n < exponent && high < limit; n++) {
    const product = high * base
    const error = productError(high, base, product) + low * base
    high = product + error
    low = error - (high - product)
  }
  return high
}

/** a·b − product, exactly. */
function productError(a: number, b: number, product: number): number {
  const [aHigh, aLow] = halves(a)
  const [bHigh, bLow] = halves(b)
  return aHigh * bHigh - product + aHigh * bLow + aLow * bHigh + aLow * bLow
}

/** Two halves of 26 bits whose sum is the number. */
function halves(value: number): readonly [number, number] {
  const scaled = 134_217_729 * value
  const high = scaled - (scaled - value)
  return [high, value - high]
}

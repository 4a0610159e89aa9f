/** Turns the options of an asynchronous call into its spec: defaults and checks. */
import { inRange } from '../errors.ts'
import type { AsyncOptions, AsyncSpec } from './async-spec.ts'

/** Throws ConfigurationError for a number out of range. */
export function asyncSpec<T, R, O>(options: AsyncOptions<T, R, O>): AsyncSpec {
  const most = Number.MAX_SAFE_INTEGER
  const { retry } = options
  return {
    order: options.order,
    service: options.service,
    request: options.request ?? ((value: unknown) => value),
    result: options.result as AsyncSpec['result'],
    onTimeout: options.onTimeout ?? null,
    timeoutMs: inRange('timeoutMs', options.timeoutMs, 1, most),
    capacity: inRange('capacity', options.capacity ?? 100, 1, 1_000_000),
    retry:
      retry === undefined
        ? null
        : {
            maxAttempts: inRange('retry.maxAttempts', retry.maxAttempts, 1, 1_000_000),
            delayMs: inRange('retry.delayMs', retry.delayMs ?? 0, 0, most),
            multiplier: retry.multiplier ?? 1,
            maxDelayMs: inRange('retry.maxDelayMs', retry.maxDelayMs ?? most, 0, most),
          },
  }
}

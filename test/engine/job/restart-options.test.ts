/** Options of the restart strategies. */
import { expect, test } from 'vitest'
import { restartSettings } from '../../../engine/job/restart-options.ts'
import type { RestartOptions } from '../../../engine/job/restart-options.ts'

test.each<[RestartOptions, object]>([
  [{ strategy: 'none' }, {}],
  [{ strategy: 'fixed-delay' }, { attempts: 10, delayMs: 1000 }],
  [{ strategy: 'failure-rate' }, { maxFailures: 1, intervalMs: 60_000, delayMs: 1000 }],
  [
    { strategy: 'exponential-delay' },
    {
      initialDelayMs: 1000,
      maxDelayMs: 60_000,
      multiplier: 1.5,
      resetThresholdMs: 3_600_000,
      jitter: 0.1,
      attempts: Number.POSITIVE_INFINITY,
    },
  ],
])('$strategy has defaults', (options, defaults) => {
  expect(restartSettings(options)).toEqual({ ...options, ...defaults })
})

test.each<RestartOptions>([
  { strategy: 'fixed-delay', attempts: 0, delayMs: 0 },
  { strategy: 'failure-rate', maxFailures: 3, intervalMs: 1, delayMs: 0 },
  {
    strategy: 'exponential-delay',
    initialDelayMs: 1,
    maxDelayMs: 1,
    multiplier: 1.01,
    resetThresholdMs: 1,
    jitter: 1,
    attempts: 1,
  },
])('what is given and allowed is taken: %j', (options) => {
  expect(restartSettings(options)).toEqual(options)
})

const exponential = { strategy: 'exponential-delay' } as const

test.each<[RestartOptions, string]>([
  [{ strategy: 'fixed-delay', attempts: -1 }, 'restart.attempts is -1'],
  [{ strategy: 'fixed-delay', delayMs: 0.5 }, 'restart.delayMs is 0.5'],
  [{ strategy: 'failure-rate', maxFailures: 0 }, 'restart.maxFailures is 0'],
  [{ strategy: 'failure-rate', intervalMs: 0 }, 'restart.intervalMs is 0'],
  [{ strategy: 'failure-rate', delayMs: -1 }, 'restart.delayMs is -1'],
  [{ ...exponential, initialDelayMs: 0 }, 'restart.initialDelayMs is 0'],
  [{ ...exponential, initialDelayMs: 9, maxDelayMs: 8 }, 'restart.maxDelayMs is 8'],
  [{ ...exponential, multiplier: 1 }, 'restart.multiplier is 1; it must be greater than 1'],
  [{ ...exponential, multiplier: Number.NaN }, 'restart.multiplier is NaN'],
  [{ ...exponential, resetThresholdMs: 0 }, 'restart.resetThresholdMs is 0'],
  [{ ...exponential, jitter: 1.1 }, 'restart.jitter is 1.1; it must be from 0 to 1'],
  [{ ...exponential, jitter: -0.1 }, 'restart.jitter is -0.1'],
  [{ ...exponential, attempts: 0 }, 'restart.attempts is 0'],
])('%j is refused: %s', (options, message) => {
  expect(() => restartSettings(options)).toThrow(message)
})

test('an unknown strategy is refused with those that there are', () => {
  const options = JSON.parse('{"strategy":"never"}') as RestartOptions
  expect(() => restartSettings(options)).toThrow(
    'The option restart.strategy is "never"; it must be "none", "fixed-delay"',
  )
})

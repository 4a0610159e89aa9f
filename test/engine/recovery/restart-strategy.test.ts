/** Whether and when a failed job starts again. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { restartSettings } from '../../../engine/job/restart-options.ts'
import type { RestartOptions, RestartSettings } from '../../../engine/job/restart-options.ts'
import { NO_RESTARTS, onFailure } from '../../../engine/recovery/restart-strategy.ts'
import type { RestartDecision } from '../../../engine/recovery/restart-strategy.ts'
import { readCases } from '../conformance-cases.ts'

/** The decisions on failures at these times. */
function decide(
  options: RestartOptions,
  times: readonly number[],
  random: (bound: number) => number = () => 0,
): RestartDecision[] {
  const settings = restartSettings(options)
  let state = NO_RESTARTS
  return times.map((now) => {
    const [next, decision] = onFailure(state, settings, { now, random })
    state = next
    return decision
  })
}

function delaysOf(decisions: readonly RestartDecision[]): (number | 'no')[] {
  return decisions.map((decision) => (decision.type === 'restart' ? decision.delayMs : 'no'))
}

interface FlinkStrategy {
  readonly type: string
  readonly attempts: number
  readonly delay: number
  readonly maxFailures: number
  readonly interval: number
  readonly initial: number
  readonly max: number
  readonly multiplier: number
  readonly resetThreshold: number
}

function settingsOf(flink: FlinkStrategy): RestartSettings {
  switch (flink.type) {
    case 'fixedDelay':
      return { strategy: 'fixed-delay', attempts: flink.attempts, delayMs: flink.delay }
    case 'failureRate':
      return {
        strategy: 'failure-rate',
        maxFailures: flink.maxFailures,
        intervalMs: flink.interval,
        delayMs: flink.delay,
      }
    default:
      return {
        strategy: 'exponential-delay',
        initialDelayMs: flink.initial,
        maxDelayMs: flink.max,
        multiplier: flink.multiplier,
        resetThresholdMs: flink.resetThreshold,
        jitter: 0,
        attempts: flink.attempts,
      }
  }
}

interface Step {
  readonly p?: number
  readonly fail?: true
}

test.each(readCases<{ strategy: FlinkStrategy }, Step>('restart-strategies'))(
  '$id: the job restarts when and after what pause Flink restarts it',
  ({ job, input, expected }) => {
    const settings = settingsOf(job.strategy)
    let state = NO_RESTARTS
    let now = 0
    const found = input.flatMap(({ p, fail }, at) => {
      now = p ?? now
      if (fail === undefined) return []
      const [next, decision] = onFailure(state, settings, { now, random: () => 0 })
      state = next
      const { isNewAttempt: newAttempt } = decision
      if (decision.type === 'give-up') return [{ newAttempt, canRestart: false, at }]
      return [{ newAttempt, canRestart: true, backoff: decision.delayMs, at }]
    })
    expect(found).toEqual(expected.main)
  },
)

test('without a strategy the first failure is the last', () => {
  expect(decide({ strategy: 'none' }, [5])).toEqual([
    {
      type: 'give-up',
      reason: 'Recovery is suppressed: the job has no restart strategy',
      isNewAttempt: true,
    },
  ])
})

test('fixed-delay answers every failure after the same pause, until its attempts are used up', () => {
  const decisions = decide({ strategy: 'fixed-delay', attempts: 2, delayMs: 700 }, [1, 2, 3])
  expect(decisions).toEqual([
    { type: 'restart', restart: 1, delayMs: 700, isNewAttempt: true },
    { type: 'restart', restart: 2, delayMs: 700, isNewAttempt: true },
    {
      type: 'give-up',
      reason: 'Recovery is suppressed: the fixed-delay strategy allows 2 restarts',
      isNewAttempt: true,
    },
  ])
})

test('giving up is no restart', () => {
  const settings = restartSettings({ strategy: 'fixed-delay', attempts: 0 })
  const [state] = onFailure(NO_RESTARTS, settings, { now: 0, random: () => 0 })
  expect(state.restarts).toBe(0)
})

test('failure-rate allows so many failures in any interval, whose ends belong to it', () => {
  const rate = {
    strategy: 'failure-rate',
    maxFailures: 2,
    intervalMs: 100,
    delayMs: 5,
  } as const
  expect(delaysOf(decide(rate, [0, 50, 100]))).toEqual([5, 5, 'no'])
  expect(delaysOf(decide(rate, [0, 50, 101]))).toEqual([5, 5, 5])
  expect(decide(rate, [0, 50, 100])[2]).toMatchObject({
    reason: 'Recovery is suppressed: the failure-rate strategy allows 2 failures within 100 ms',
  })
})

const exponential = {
  strategy: 'exponential-delay',
  initialDelayMs: 100,
  maxDelayMs: 350,
  multiplier: 2,
  resetThresholdMs: 1000,
  jitter: 0,
} as const

test('the pauses of exponential-delay grow up to the greatest one', () => {
  expect(delaysOf(decide(exponential, [0, 101, 302, 700]))).toEqual([100, 200, 350, 350])
})

test('a failure up to the pending restart belongs to its attempt and waits for what is left', () => {
  const decisions = decide(exponential, [0, 40, 100, 101])
  expect(delaysOf(decisions)).toEqual([100, 60, 0, 200])
  expect(decisions.map(({ isNewAttempt }) => isNewAttempt)).toEqual([true, false, false, true])
  expect(decisions, 'each is a restart of the job').toMatchObject([
    { restart: 1 },
    { restart: 2 },
    { restart: 3 },
    { restart: 4 },
  ])
})

test('after a quiet time from the restart on, the attempts begin from the first', () => {
  expect(delaysOf(decide(exponential, [0, 1099]))).toEqual([100, 200])
  expect(delaysOf(decide(exponential, [0, 1100]))).toEqual([100, 100])
})

test('exponential-delay gives up when its attempts are used up without a quiet time', () => {
  const limited = { ...exponential, attempts: 2 } as const
  expect(delaysOf(decide(limited, [0, 101, 302]))).toEqual([100, 200, 'no'])
  expect(delaysOf(decide(limited, [0, 101, 2000, 2101]))).toEqual([100, 200, 100, 200])
})

test('a restart never waits longer than jitter allows, nor shorter, nor past the limits', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.nat(6), (draw, failures) => {
      const options = { ...exponential, jitter: 0.5 }
      const times = Array.from({ length: failures + 1 }, (_, n) => n * 400)
      const delay = delaysOf(decide(options, times, (bound) => Math.trunc(draw * bound)))[failures]
      const exact = [100, 200, 400, 800, 1600, 3200, 6400][failures] ?? 0
      expect(delay).toBeGreaterThanOrEqual(Math.max(100, Math.min(350, exact / 2)))
      expect(delay).toBeLessThanOrEqual(Math.min(350, exact * 1.5))
    }),
  )
})

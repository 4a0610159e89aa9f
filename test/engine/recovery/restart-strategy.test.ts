/** The fixed-delay restart strategy. */
import { expect, test } from 'vitest'
import { NO_RESTARTS, onFailure } from '../../../engine/recovery/restart-strategy.ts'

const options = { strategy: 'fixed-delay', attempts: 2, delayMs: 700 } as const

test('every failure is answered with a restart after the delay, until the attempts are used up', () => {
  const [first, one] = onFailure(NO_RESTARTS, options)
  const [second, two] = onFailure(first, options)
  const [third, three] = onFailure(second, options)
  expect([one, two]).toEqual([
    { type: 'restart', restart: 1, delayMs: 700 },
    { type: 'restart', restart: 2, delayMs: 700 },
  ])
  expect(three).toEqual({
    type: 'give-up',
    reason: 'Recovery is suppressed: the fixed-delay strategy allows 2 restarts',
  })
  expect(third.restarts, 'giving up is no restart').toBe(2)
})

test('without attempts the first failure is the last', () => {
  const [state, decision] = onFailure(NO_RESTARTS, { ...options, attempts: 0 })
  expect(decision.type).toBe('give-up')
  expect(state).toEqual(NO_RESTARTS)
})

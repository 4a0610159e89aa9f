/** The final checkpoint: taken as soon as every subtask has emitted its last record, and again until one completes. */
import { expect, test } from 'vitest'
import type { CoordinatorEffect } from '../../../engine/checkpoint/coordinator-protocol.ts'
import { Coordination } from './coordinator-dsl.ts'

function ended(coordination: Coordination): readonly string[] {
  return coordination.input({ type: 'input-ended' }).map(({ type }) => type)
}

/** Barriers that went out, as `1`, or `1 final`. */
function barriers(coordination: Coordination): string[] {
  return barriersIn(coordination.input({ type: 'interval-elapsed' }))
}

function barriersIn(effects: readonly CoordinatorEffect[]): string[] {
  return effects.flatMap((effect) => {
    if (effect.type !== 'trigger-sources') return []
    const { id, kind } = effect.pending
    return [`${id}${kind === 'final' ? ' final' : ''}`]
  })
}

test('the end of the input replaces the wait for the next checkpoint', () => {
  const coordination = new Coordination()
  coordination.start()
  expect(ended(coordination)).toEqual(['cancel-interval', 'schedule-interval'])
  expect(barriers(coordination)).toEqual(['1 final'])
})

test('one that was pending when the input ended is not the final one', () => {
  const coordination = new Coordination()
  coordination.start()
  expect(barriers(coordination)).toEqual(['1'])
  ended(coordination)
  expect(barriers(coordination)).toEqual([])
  const checkpoint = coordination.pending?.id ?? never()
  expect(barriersIn(coordination.input({ type: 'timed-out', checkpoint }))).toEqual(['2 final'])
  expect(barriers(coordination), 'once').toEqual([])
})

test('without periodic checkpoints it is the only one', () => {
  const coordination = new Coordination({ intervalMs: Number.MAX_SAFE_INTEGER })
  expect(barriers(coordination)).toEqual([])
  ended(coordination)
  expect(barriers(coordination)).toEqual(['1 final'])
  expect(coordination.state.isPeriodic).toBe(true)
})

test('a restart forgets that the input had ended', () => {
  const coordination = new Coordination()
  ended(coordination)
  coordination.stop()
  coordination.start()
  expect(barriers(coordination)).toEqual(['1'])
})

function never(): never {
  throw new Error('A checkpoint is pending.')
}

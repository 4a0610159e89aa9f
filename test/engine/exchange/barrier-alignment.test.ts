/** How a barrier's alignment changes on its way. */
import { expect, test } from 'vitest'
import {
  asUnaligned,
  inLine,
  isTimeoutable,
  mayOvertake,
  patienceOf,
  released,
} from '../../../engine/exchange/barrier-alignment.ts'
import { millis } from '../../../engine/ids.ts'
import { barrierOf } from '../snapshot-handles.ts'

const aligned = barrierOf(1, 'checkpoint', 100)
const unaligned = asUnaligned(aligned)
const timeoutable = { ...aligned, alignedTimeoutMs: 50 }

test('a barrier that an edge forces into line is afterwards what it was before', () => {
  for (const barrier of [unaligned, timeoutable]) {
    expect(inLine(barrier).alignment).toBe('forced-aligned')
    expect(isTimeoutable(inLine(barrier))).toBe(false)
    expect(released(inLine(barrier))).toEqual(barrier)
  }
  expect(inLine(aligned)).toBe(aligned)
  expect(released(aligned)).toBe(aligned)
})

test('the age of a barrier counts, not how long a subtask has waited', () => {
  const at = (now: number) => patienceOf(timeoutable, millis(now))
  expect([at(100), at(120), at(150), at(900)]).toEqual([50, 30, 0, 0])
})

test('only where records are dealt out by key or by turn may a barrier overtake them', () => {
  const keySelector = (value: unknown) => value
  expect(mayOvertake({ type: 'hash', keySelector })).toBe(true)
  expect(mayOvertake({ type: 'custom', partition: () => 0 })).toBe(true)
  for (const type of ['rebalance', 'shuffle', 'global'] as const) {
    expect(mayOvertake({ type }), type).toBe(true)
  }
  for (const type of ['forward', 'rescale', 'broadcast'] as const) {
    expect(mayOvertake({ type }), type).toBe(false)
  }
})

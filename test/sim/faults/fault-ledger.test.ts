/** What became of every planned fault. */
import { expect, test } from 'vitest'
import { FaultLedger } from '../../../sim/faults/fault-ledger.ts'
import type { Fault } from '../../../sim/plan/plan.ts'

const faults: readonly Fault[] = [
  { kind: 'crash', on: 'worker-1', at: { t: 5 } },
  { kind: 'delay', on: 'worker-2', request: 'produce', at: { nth: 3 } },
]

test('a fault whose moment never came was not reached', () => {
  expect(new FaultLedger(faults).reports).toEqual([
    {
      kind: 'crash',
      at: { t: 5 },
      on: 'worker-1',
      outcome: 'not-reached',
      phase: null,
      firedAt: null,
    },
    {
      kind: 'delay',
      at: { nth: 3 },
      on: 'worker-2',
      outcome: 'not-reached',
      phase: null,
      firedAt: null,
    },
  ])
})

test('one that came is reported with what it hit and when', () => {
  const ledger = new FaultLedger(faults)
  ledger.settle(1, 'fired', 'committing', 12.5)
  expect(ledger.reports[0]?.outcome).toBe('not-reached')
  expect(ledger.reports[1]).toMatchObject({ outcome: 'fired', phase: 'committing', firedAt: 12.5 })
})

test('no fault comes twice, and none that was not planned', () => {
  const ledger = new FaultLedger(faults)
  ledger.settle(0, 'no-effect', 'idle', 1)
  expect(() => {
    ledger.settle(0, 'fired', 'idle', 2)
  }).toThrow('Fault 0 came twice.')
  expect(() => {
    ledger.settle(7, 'fired', 'idle', 2)
  }).toThrow('There is no fault 7.')
})

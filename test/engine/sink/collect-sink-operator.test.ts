/** The collect sink: values appear when their checkpoint completed, once, whatever is repeated. */
import { expect, test } from 'vitest'
import type { OperatorStateEntry } from '../../../engine/checkpoint/snapshot-handle.ts'
import { checkpointId } from '../../../engine/ids.ts'
import { CollectSinkOperator } from '../../../engine/sink/collect-sink-operator.ts'
import { CollectedResults } from '../../../engine/sink/collected-results.ts'
import { operatorContext } from '../operator-context.ts'
import { TakenSnapshot } from './taking-snapshots.ts'

function sinkInto(
  results: CollectedResults<unknown>,
  restored: readonly OperatorStateEntry[] = [],
  from: number | null = null,
): CollectSinkOperator {
  const operator = new CollectSinkOperator(results, operatorContext({ uid: 'sink' }))
  operator.open(restored, from === null ? null : checkpointId(from))
  return operator
}

test('values appear when the checkpoint behind them completed, not before', () => {
  const results = new CollectedResults<unknown>()
  const sink = sinkInto(results)
  sink.process(1)
  new TakenSnapshot(sink, 1)
  sink.process(2)
  expect([results.values, sink.hasUncommitted]).toEqual([[], true])
  sink.notifyComplete(checkpointId(1))
  expect([results.values, sink.hasUncommitted]).toEqual([[1], true])
  new TakenSnapshot(sink, 2)
  sink.notifyComplete(checkpointId(2))
  expect([results.values, sink.hasUncommitted]).toEqual([[1, 2], false])
})

test('a checkpoint that never completes leaves its values to the next that does', () => {
  const results = new CollectedResults<unknown>()
  const sink = sinkInto(results)
  sink.process(1)
  new TakenSnapshot(sink, 1)
  sink.process(2)
  new TakenSnapshot(sink, 2)
  sink.notifyComplete(checkpointId(2))
  expect(results.values).toEqual([1, 2])
})

test('what a completed checkpoint prepared is committed by the restore, and not again when it was', () => {
  const results = new CollectedResults<unknown>()
  const first = sinkInto(results)
  first.process('a')
  const { state } = new TakenSnapshot(first, 1)
  first.process('lost with the crash, and made again by the replay')
  const second = sinkInto(results, state, 1)
  expect(results.values).toEqual(['a'])
  const third = sinkInto(results, state, 1)
  expect([results.values, second.hasUncommitted, third.hasUncommitted]).toEqual([
    ['a'],
    false,
    false,
  ])
})

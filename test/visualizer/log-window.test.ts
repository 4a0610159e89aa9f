/** What the strips of the partition logs show. */
import { expect, test } from 'vitest'
import { caretsOf, windowOf } from '../../visualizer/layout/log-window.ts'
import type { CellKind } from '../../visualizer/layout/log-window.ts'
import { Recording } from '../../visualizer/model/recording.ts'
import type { PartitionState, RunState } from '../../visualizer/model/run-state.ts'
import { SAMPLE, sampleRun } from './sample-run.ts'
import { TOPOLOGY } from './trace-builder.ts'

function at(time: number, key: string): { state: RunState; partition: PartitionState } {
  const recording = new Recording(TOPOLOGY)
  recording.append(sampleRun())
  const state = recording.stateAfter(recording.appliedAt(time))
  const partition = state.partitions.get(key)
  if (partition === undefined) throw new Error(`There is no partition ${key}.`)
  return { state, partition }
}

function kindsAt(time: number, key: string): CellKind[] {
  const { state, partition } = at(time, key)
  return windowOf(partition, state, 200).cells.map(({ kind }) => kind)
}

test('what a sink wrote is open, then prepared, then committed behind a marker', () => {
  expect(new Set(kindsAt(460, 'out/0'))).toEqual(new Set(['open']))
  expect(new Set(kindsAt(550, 'out/0'))).toEqual(new Set(['prepared']))
  expect(kindsAt(600, 'out/0')).toEqual([...Array<CellKind>(9).fill('committed'), 'commit-marker'])
})

test('a transaction that has no marker yet does not borrow the one before it', () => {
  const kinds = kindsAt(1460, 'out/0')
  expect(kinds.slice(0, 9).every((kind) => kind === 'committed')).toBe(true)
  expect(kinds.slice(10).every((kind) => kind === 'open')).toBe(true)
})

test('after a restore the records between the reader and where it was are to be read again', () => {
  const kinds = kindsAt(SAMPLE.runningAt - 5, 'in/0')
  expect(kinds[69]).toBe('read')
  expect(kinds[71]).toBe('again')
  expect(kinds.at(-1)).toBe('unread')
})

test('a record read belongs to the epoch that the last cut before it began', () => {
  const { state, partition } = at(1000, 'in/0')
  const cut = partition.cuts[0]?.offset ?? 0
  const { cells } = windowOf(partition, state, 200)
  expect(cells[cut - 1]?.epoch).toBe(0)
  expect(cells[cut]?.epoch).toBe(1)
})

test('the window holds no more than its room and moves in pages', () => {
  const { state, partition } = at(3000, 'in/0')
  const { start, end, cells } = windowOf(partition, state, 40)
  expect(end - start).toBe(40)
  expect(start % 8).toBe(0)
  expect(cells.length).toBeLessThanOrEqual(40)
})

test('an input has carets for reader, checkpoint, group and end, an output for stable and end', () => {
  expect(caretsOf(at(3000, 'in/0').partition).map(({ kind }) => kind)).toEqual([
    'position',
    'checkpointed',
    'committed',
    'end',
  ])
  expect(caretsOf(at(3000, 'out/0').partition).map(({ kind }) => kind)).toEqual(['stable', 'end'])
})

/** The watermark of a subtask out of those of its channels. */
import { expect, test } from 'vitest'
import { WatermarkMerger } from '../../../engine/task/watermark-merger.ts'

type Time = ReturnType<WatermarkMerger['receive']>[number]

/** Tells it `0:5` (watermark 5 on channel 0), `0:idle`, `0:active` or `0:$`; returns what the chain is told. */
function merged(inputs: readonly number[], ...script: readonly string[]): string[] {
  const merger = new WatermarkMerger(inputs)
  return script.flatMap((step) => {
    const [channel = '', what = ''] = step.split(':')
    const index = Number(channel)
    if (what === '$') return merger.finish(index).map(show)
    const element: Time =
      what === 'idle' || what === 'active'
        ? { type: 'watermark-status', isIdle: what === 'idle' }
        : { type: 'watermark', timestamp: Number(what) }
    return merger.receive(index, element).map(show)
  })
}

function show(time: Time): string {
  if (time.type === 'watermark') return String(time.timestamp)
  return time.isIdle ? 'idle' : 'active'
}

test('one input has the least watermark of its channels', () => {
  expect(merged([0, 0], '0:5', '1:3', '1:7')).toEqual(['3', '5'])
})

test('two inputs have the lesser of their watermarks, whatever channels feed them', () => {
  expect(merged([0, 1, 1], '0:5', '1:9', '2:4', '2:6')).toEqual(['4', '5'])
})

test('an input whose channels are all idle is not waited for', () => {
  expect(merged([0, 1], '0:5', '1:idle', '1:active')).toEqual(['5'])
  expect(merged([0, 1], '0:idle', '1:idle')).toEqual(['idle'])
})

test('when all channels have ended there is no more time', () => {
  expect(merged([0, 1], '0:5', '0:$', '1:$')).toEqual(['Infinity'])
})

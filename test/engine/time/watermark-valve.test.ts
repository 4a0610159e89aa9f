/** Merging the watermarks of channels. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { WatermarkValve } from '../../../engine/time/watermark-valve.ts'
import type { ValveOutput } from '../../../engine/time/watermark-valve.ts'
import { readCases, timeName, timeOf } from '../conformance-cases.ts'
import type { CaseTime } from '../conformance-cases.ts'

/** As the cases write them: watermarks as numbers or names, true for idle. */
function shown(outputs: ValveOutput): (CaseTime | boolean)[] {
  return outputs.map((output) =>
    output.type === 'watermark' ? timeName(output.timestamp) : output.isIdle,
  )
}

/** `0:5` a watermark, `0:idle`, `0:active`, `0:end`: what each lets out. */
function play(channels: number, script: string): (CaseTime | boolean)[][] {
  const valve = new WatermarkValve(channels)
  return script.split(' ').map((word) => {
    const [channel = '', what = ''] = word.split(':')
    const index = Number(channel)
    if (what === 'end') return shown(valve.finish(index))
    if (what === 'idle' || what === 'active') return shown(valve.status(index, what === 'idle'))
    return shown(valve.watermark(index, Number(what)))
  })
}

interface Step {
  readonly ch: number
  readonly w?: CaseTime
  readonly idle?: boolean
}

test.each(readCases<{ channels: number }, Step>('watermark-valve'))(
  '$id: the valve lets out what that of Flink lets out',
  ({ job, input, expected }) => {
    const valve = new WatermarkValve(job.channels)
    const found = input.flatMap(({ ch, w, idle = false }, at) =>
      shown(w === undefined ? valve.status(ch, idle) : valve.watermark(ch, timeOf(w))).map(
        (output) => (typeof output === 'boolean' ? { idle: output, at } : { w: output, at }),
      ),
    )
    expect(found).toEqual(expected.main)
  },
)

test('the slowest channel decides', () => {
  expect(play(2, '0:10 1:5 1:20 0:30')).toEqual([[], [5], [10], [20]])
})

test('an idle channel is not waited for', () => {
  expect(play(2, '0:10 1:idle')).toEqual([[], [10]])
})

test('a channel that comes back holds nothing back until it has caught up', () => {
  expect(play(2, '1:idle 0:10 1:active 0:20 1:15 1:25 0:30')).toEqual([
    [],
    [10],
    [],
    [20],
    [],
    [],
    [25],
  ])
})

test('when the last channel becomes idle the furthest goes on, then idleness', () => {
  expect(play(2, '0:10 1:5 0:idle 1:idle 1:active')).toEqual([[], [5], [], [10, true], [false]])
})

describe('the end of channels', () => {
  test('a channel that ended is not waited for', () => {
    expect(play(2, '0:10 1:5 1:end 0:20')).toEqual([[], [5], [10], [20]])
  })

  test('with the last channel event time is over', () => {
    expect(play(2, '0:10 0:end 1:end 1:end')).toEqual([[], [], ['max'], []])
  })

  test('an end says nothing about a channel that is only idle', () => {
    expect(play(2, '0:10 1:5 1:idle 0:end 1:active 1:12')).toEqual([
      [],
      [5],
      [10],
      [true],
      [false],
      [12],
    ])
  })

  test('the end of the last channel wakes whoever was told that all is idle', () => {
    expect(play(1, '0:10 0:idle 0:end')).toEqual([[10], [true], [false, 'max']])
  })

  test('what still comes on a channel that ended does not count', () => {
    expect(play(2, '0:end 0:50 0:idle 1:5')).toEqual([[], [], [], [5]])
  })
})

test('for every sequence of inputs what goes out only advances, and idleness alternates', () => {
  const step = fc.tuple(
    fc.nat(2),
    fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: 0, max: 30 }).map(String) },
      { weight: 2, arbitrary: fc.constantFrom('idle', 'active') },
      { weight: 1, arbitrary: fc.constant('end') },
    ),
  )
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), (steps) => {
      const outputs = play(3, steps.map(([channel, what]) => `${channel}:${what}`).join(' ')).flat()
      const watermarks = outputs.filter((output) => typeof output !== 'boolean').map(timeOf)
      for (const [n, watermark] of watermarks.entries()) {
        expect(watermark).toBeGreaterThan(watermarks[n - 1] ?? Number.NEGATIVE_INFINITY)
      }
      const statuses = outputs.filter((output) => typeof output === 'boolean')
      expect(statuses).toEqual(statuses.map((_, n) => n % 2 === 0))
      const whileIdle = outputs.filter((output, n) => {
        const status = outputs.slice(0, n).findLast((other) => typeof other === 'boolean')
        return typeof output !== 'boolean' && status === true
      })
      expect(whileIdle, 'no watermark while idle').toEqual([])
    }),
  )
})

test('for every sequence without idleness the output is the minimum over the channels', () => {
  const step = fc.tuple(fc.nat(2), fc.integer({ min: 0, max: 30 }))
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), (steps) => {
      const valve = new WatermarkValve(3)
      const greatest = [-1, -1, -1]
      let emitted = -1
      for (const [channel, watermark] of steps) {
        greatest[channel] = Math.max(greatest[channel] ?? -1, watermark)
        for (const output of valve.watermark(channel, watermark)) {
          if (output.type === 'watermark') emitted = output.timestamp
        }
        expect(emitted).toBe(Math.min(...greatest))
      }
    }),
  )
})

/** One watermark out of those of several inputs. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  CombinedWatermark,
  InputWatermarks,
  PartialWatermark,
} from '../../../engine/time/combined-watermark.ts'

type Shown = number | boolean

/** `0:5` a watermark, `0:idle`, `0:active`, `0:end`: what each lets out; true is idle. */
function play(script: string, inputs = 2): Shown[][] {
  const merged = new InputWatermarks(inputs)
  return script.split(' ').map((word) => {
    const [input = '', what = ''] = word.split(':')
    const index = Number(input)
    const outputs =
      what === 'end'
        ? merged.finish(index)
        : what === 'idle' || what === 'active'
          ? merged.status(index, what === 'idle')
          : merged.watermark(index, Number(what))
    return outputs.map((output) => (output.type === 'watermark' ? output.timestamp : output.isIdle))
  })
}

test('the slower input decides', () => {
  expect(play('0:10 1:5 1:20 0:15')).toEqual([[], [5], [10], [15]])
})

test('an idle input is not waited for while the other is active, and the watermark never goes back', () => {
  expect(play('0:10 1:5 1:idle 1:active 1:7 0:12')).toEqual([[], [5], [10], [], [], []])
})

test('when both are idle the further one goes on, then idleness; whoever returns ends it', () => {
  expect(play('0:10 1:5 0:idle 1:idle 0:active 0:11')).toEqual([
    [],
    [5],
    [],
    [10, true],
    [false],
    [11],
  ])
})

test('a watermark ends the idleness of its input', () => {
  expect(play('0:10 1:5 1:idle 1:6 0:20')).toEqual([[], [5], [10], [], []])
})

test('an input that ended is not waited for', () => {
  expect(play('0:10 1:5 1:end 0:20')).toEqual([[], [5], [10], [20]])
})

test('an end says nothing about an input that is only idle', () => {
  expect(play('0:10 1:5 1:idle 0:end 1:active 1:12')).toEqual([
    [],
    [5],
    [10],
    [true],
    [false],
    [12],
  ])
})

test('with the last input event time is over, also after idleness', () => {
  const end = Number.POSITIVE_INFINITY
  expect(play('0:10 1:5 0:end 1:end')).toEqual([[], [5], [], [end]])
  expect(play('0:10 0:end 1:idle 1:end')).toEqual([[], [], [true], [false, end]])
})

test('without parts nothing changes', () => {
  const combined = new CombinedWatermark()
  const part = new PartialWatermark()
  combined.add(part)
  part.advance(5)
  expect([combined.update(), combined.watermark]).toEqual([true, 5])
  combined.remove(part)
  expect([combined.update(), combined.watermark, combined.isIdle]).toEqual([false, 5, false])
})

test('for every sequence the watermark is the greatest that the minima of active inputs reached', () => {
  const step = fc.tuple(
    fc.nat(2),
    fc.oneof(fc.integer({ min: 0, max: 30 }), fc.constantFrom('idle', 'active')),
  )
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), (steps) => {
      const low = Number.NEGATIVE_INFINITY
      const watermarks = [low, low, low]
      const idle = [false, false, false]
      let expected = low
      const outputs = play(steps.map(([input, what]) => `${input}:${what}`).join(' '), 3)
      for (const [n, [input, what]] of steps.entries()) {
        idle[input] = what === 'idle'
        if (typeof what === 'number') watermarks[input] = Math.max(watermarks[input] ?? low, what)
        const active = watermarks.filter((_, i) => idle[i] === false)
        const now = active.length === 0 ? Math.max(...watermarks) : Math.min(...active)
        const advanced = outputs[n]?.filter((output) => typeof output === 'number')
        expect(advanced).toEqual(now > expected ? [now] : [])
        expected = Math.max(expected, now)
      }
    }),
  )
})

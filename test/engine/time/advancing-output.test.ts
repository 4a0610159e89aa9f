/** What is let out of a generator. */
import { expect, test } from 'vitest'
import { AdvancingOutput } from '../../../engine/time/advancing-output.ts'

function output(): [AdvancingOutput, (number | boolean)[]] {
  const out: (number | boolean)[] = []
  const advancing = new AdvancingOutput({
    emitWatermark: (watermark) => out.push(watermark),
    emitStatus: (isIdle) => out.push(isIdle),
  })
  return [advancing, out]
}

test('only watermarks that advance go out', () => {
  const [advancing, out] = output()
  for (const watermark of [Number.NEGATIVE_INFINITY, 5, 5, 4, Number.NaN, 6]) {
    advancing.emitWatermark(watermark)
  }
  expect(out).toEqual([5, 6])
})

test('a status goes out when it changes', () => {
  const [advancing, out] = output()
  advancing.markActive()
  advancing.markIdle()
  advancing.markIdle()
  advancing.markActive()
  expect(out).toEqual([true, false])
})

test('a watermark that advances ends idleness before it goes out; another does not', () => {
  const [advancing, out] = output()
  advancing.emitWatermark(5)
  advancing.markIdle()
  advancing.emitWatermark(5)
  advancing.emitWatermark(6)
  expect(out).toEqual([5, true, false, 6])
})

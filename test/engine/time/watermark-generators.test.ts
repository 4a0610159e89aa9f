/** Generators, alone and with idleness. */
import { expect, test } from 'vitest'
import { createWatermarkGenerator } from '../../../engine/time/watermark-generators.ts'
import {
  forBoundedOutOfOrderness,
  forGenerator,
  forMonotonousTimestamps,
  noWatermarks,
} from '../../../engine/time/watermark-strategy.ts'
import type {
  WatermarkGenerator,
  WatermarkOutput,
  WatermarkStrategy,
} from '../../../engine/time/watermark-strategy.ts'
import { readCases, timeName } from '../conformance-cases.ts'

/** A generator with a clock by hand, and all that it emits: watermarks, and true for idle. */
class Generating {
  now = 0
  readonly emitted: (number | boolean)[] = []
  readonly #generator: WatermarkGenerator<string>
  readonly #output: WatermarkOutput = {
    emitWatermark: (watermark) => this.emitted.push(watermark),
    markIdle: () => this.emitted.push(true),
    markActive: () => this.emitted.push(false),
  }

  constructor(strategy: WatermarkStrategy<string>) {
    this.#generator = createWatermarkGenerator(strategy, () => this.now)
  }

  event(timestamp: number): void {
    this.#generator.onEvent('x', timestamp, this.#output)
  }

  emit(): void {
    this.#generator.onPeriodicEmit(this.#output)
  }
}

interface Job {
  readonly strategy: { readonly type: string; readonly delay?: number }
  readonly idleness?: number
}

interface Step {
  readonly t?: number
  readonly p?: number
}

test.each(readCases<Job, Step>('watermark-generators'))(
  '$id: the generator emits what that of Flink emits',
  ({ job, input, expected }) => {
    const { idleness } = job
    const options = idleness === undefined ? {} : { idlenessMs: idleness }
    const generating = new Generating(forBoundedOutOfOrderness(job.strategy.delay ?? 0, options))
    const found = input.flatMap(({ t, p }, at) => {
      const before = generating.emitted.length
      if (p !== undefined) generating.now = p
      else if (t !== undefined) generating.event(t)
      else generating.emit()
      return generating.emitted
        .slice(before)
        .map((item) => (typeof item === 'number' ? { w: timeName(item), at } : { idle: item, at }))
    })
    expect(found).toEqual(expected.main)
  },
)

test('the watermark stays one below the greatest timestamp less the bound', () => {
  const generating = new Generating(forBoundedOutOfOrderness(10))
  generating.event(100)
  generating.event(95)
  generating.emit()
  expect(generating.emitted).toEqual([89])
})

test('for monotonous timestamps the bound is nothing', () => {
  const generating = new Generating(forMonotonousTimestamps())
  generating.event(100)
  generating.emit()
  expect(generating.emitted).toEqual([99])
})

test('without watermarks nothing is emitted', () => {
  const generating = new Generating(noWatermarks())
  generating.event(100)
  generating.emit()
  expect(generating.emitted).toEqual([])
})

test('a generator of one’s own may emit on a record', () => {
  const generating = new Generating(
    forGenerator(() => ({
      onEvent: (_value, timestamp, output) => {
        output.emitWatermark(timestamp)
      },
      onPeriodicEmit: () => undefined,
    })),
  )
  generating.event(7)
  generating.emit()
  expect(generating.emitted).toEqual([7])
})

test('idleness begins with the first probe that saw no record, and is told once', () => {
  const generating = new Generating(noWatermarks({ idlenessMs: 100 }))
  for (const now of [0, 50, 100]) {
    generating.now = now
    generating.emit()
  }
  expect(generating.emitted, 'exactly so long is not longer').toEqual([])
  for (const now of [101, 300]) {
    generating.now = now
    generating.emit()
  }
  expect(generating.emitted).toEqual([true])
})

test('after a record the time of idleness begins anew', () => {
  const generating = new Generating(noWatermarks({ idlenessMs: 100 }))
  generating.emit()
  generating.now = 90
  generating.event(1)
  for (const now of [150, 200, 300]) {
    generating.now = now
    generating.emit()
  }
  expect(generating.emitted, 'the probe at 200 began it').toEqual([])
  generating.now = 301
  generating.emit()
  expect(generating.emitted).toEqual([true])
})

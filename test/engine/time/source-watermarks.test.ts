/** The watermarks of a source subtask: out of its splits, with idleness and alignment. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SourceWatermarks } from '../../../engine/time/source-watermarks.ts'
import {
  forBoundedOutOfOrderness,
  forGenerator,
  forMonotonousTimestamps,
} from '../../../engine/time/watermark-strategy.ts'
import type { WatermarkStrategy } from '../../../engine/time/watermark-strategy.ts'

const END = Number.POSITIVE_INFINITY

/** A subtask with a clock by hand, and what goes out: watermarks, and true for idle. */
class Reading {
  now = 0
  readonly watermarks: SourceWatermarks
  #out: (number | boolean)[] = []

  constructor(strategy: WatermarkStrategy<unknown>) {
    this.watermarks = new SourceWatermarks(strategy, () => this.now, {
      emitWatermark: (watermark) => this.#out.push(watermark),
      emitStatus: (isIdle) => this.#out.push(isIdle),
    })
  }

  /** What went out since the last call. */
  take(): (number | boolean)[] {
    const out = this.#out
    this.#out = []
    return out
  }

  /** What goes out when the generators are asked at that time. */
  emitAt(now: number): (number | boolean)[] {
    this.now = now
    this.watermarks.onPeriodicEmit()
    return this.take()
  }
}

/** Emits each record's timestamp as a watermark at once. */
const punctuated = forGenerator<unknown>(() => ({
  onEvent: (_value, timestamp, output) => {
    output.emitWatermark(timestamp)
  },
  onPeriodicEmit: () => undefined,
}))

describe('splits', () => {
  test('the slowest split decides, when the generators are asked', () => {
    const reading = new Reading(forMonotonousTimestamps())
    const [a, b] = [reading.watermarks.addSplit('a'), reading.watermarks.addSplit('b')]
    a.onEvent('x', 100)
    expect(reading.emitAt(0)).toEqual([])
    b.onEvent('x', 50)
    expect(reading.take(), 'not before').toEqual([])
    expect(reading.emitAt(1)).toEqual([49])
    b.onEvent('x', 200)
    expect(reading.emitAt(2)).toEqual([99])
    expect(reading.emitAt(3), 'the same again is nothing').toEqual([])
  })

  test('what a generator emits for a record counts at once', () => {
    const reading = new Reading(punctuated)
    const [a, b] = [reading.watermarks.addSplit('a'), reading.watermarks.addSplit('b')]
    a.onEvent('x', 7)
    expect(reading.take()).toEqual([])
    b.onEvent('x', 5)
    expect(reading.take()).toEqual([5])
  })

  test('a split that is removed holds nothing back, from the next emission on', () => {
    const reading = new Reading(forMonotonousTimestamps())
    const a = reading.watermarks.addSplit('a')
    reading.watermarks.addSplit('b')
    a.onEvent('x', 100)
    expect(reading.emitAt(0)).toEqual([])
    reading.watermarks.removeSplit('b')
    expect(reading.emitAt(1)).toEqual([99])
  })

  test('a split that is added later does not move the watermark back', () => {
    const reading = new Reading(forMonotonousTimestamps())
    reading.watermarks.addSplit('a').onEvent('x', 100)
    reading.emitAt(0)
    reading.watermarks.addSplit('b').onEvent('x', 10)
    expect(reading.emitAt(1)).toEqual([])
    expect(reading.watermarks.watermark).toBe(99)
  })

  test('the same split is not added twice, and only what is there is removed', () => {
    const reading = new Reading(forMonotonousTimestamps())
    reading.watermarks.addSplit('a')
    expect(() => reading.watermarks.addSplit('a')).toThrow('split a is there already')
    expect(() => {
      reading.watermarks.removeSplit('b')
    }).toThrow('no split b')
  })

  test('at the end of the input event time is over', () => {
    const reading = new Reading(forMonotonousTimestamps())
    reading.watermarks.finish()
    reading.watermarks.finish()
    expect(reading.take()).toEqual([END])
  })
})

describe('idleness', () => {
  const idling = forBoundedOutOfOrderness<unknown>(0, { idlenessMs: 100 })

  test('an idle split is not waited for', () => {
    const reading = new Reading(idling)
    const [a, b] = [reading.watermarks.addSplit('a'), reading.watermarks.addSplit('b')]
    b.onEvent('x', 50)
    for (const now of [0, 50, 100, 150]) {
      a.onEvent('x', 1000 + now)
      expect(reading.emitAt(now)).toEqual(now === 0 ? [49] : [])
    }
    a.onEvent('x', 2000)
    expect(reading.emitAt(151)).toEqual([1999])
  })

  test('when all splits are idle the furthest goes on, then the subtask is idle, until a watermark', () => {
    const reading = new Reading(idling)
    const [a, b] = [reading.watermarks.addSplit('a'), reading.watermarks.addSplit('b')]
    a.onEvent('x', 10)
    b.onEvent('x', 20)
    expect(reading.emitAt(0)).toEqual([9])
    reading.emitAt(1)
    expect(reading.emitAt(102), 'first the watermark').toEqual([19])
    expect(reading.emitAt(103)).toEqual([true])
    expect(reading.emitAt(104), 'once').toEqual([])
    a.onEvent('x', 15)
    expect(reading.emitAt(105), 'a late record ends nothing').toEqual([])
    a.onEvent('x', 30)
    expect(reading.emitAt(106)).toEqual([false, 29])
  })

  test('a subtask without splits becomes idle', () => {
    const reading = new Reading(idling)
    expect(reading.emitAt(0)).toEqual([])
    expect(reading.emitAt(101)).toEqual([true])
  })

  test('without idleness a subtask without splits holds event time back', () => {
    const reading = new Reading(forMonotonousTimestamps())
    expect([...reading.emitAt(0), ...reading.emitAt(1_000_000)]).toEqual([])
  })

  test('while the output takes nothing idleness does not run, for new splits neither', () => {
    const reading = new Reading(idling)
    reading.watermarks.addSplit('a').onEvent('x', 10)
    reading.emitAt(0)
    reading.emitAt(1)
    reading.watermarks.setBackPressured(true)
    reading.watermarks.setBackPressured(true)
    reading.watermarks.addSplit('b')
    reading.emitAt(2)
    expect(reading.emitAt(500)).toEqual([])
    reading.watermarks.setBackPressured(false)
    expect(reading.emitAt(600)).toEqual([])
    expect([...reading.emitAt(700), ...reading.emitAt(701)]).toEqual([true])
  })
})

describe('alignment', () => {
  test('a split beyond the bound is paused, and read on when the bound has moved', () => {
    const reading = new Reading(forMonotonousTimestamps())
    const [a, b] = [reading.watermarks.addSplit('a'), reading.watermarks.addSplit('b')]
    a.onEvent('x', 101)
    b.onEvent('x', 21)
    reading.emitAt(0)
    reading.watermarks.announce(99)
    expect([a.isPaused, b.isPaused, reading.watermarks.isWaiting]).toEqual([true, false, false])
    reading.watermarks.announce(100)
    expect(a.isPaused, 'the bound itself is allowed').toBe(false)
  })

  test('a split pauses at once when its watermark passes the bound', () => {
    const reading = new Reading(punctuated)
    const a = reading.watermarks.addSplit('a')
    reading.watermarks.addSplit('b')
    reading.watermarks.announce(10)
    a.onEvent('x', 10)
    expect(a.isPaused).toBe(false)
    a.onEvent('x', 11)
    expect(a.isPaused).toBe(true)
  })

  test('a subtask whose watermark is beyond the bound waits as a whole', () => {
    const reading = new Reading(punctuated)
    const a = reading.watermarks.addSplit('a')
    reading.watermarks.announce(10)
    a.onEvent('x', 11)
    expect(reading.watermarks.isWaiting).toBe(true)
    reading.watermarks.announce(11)
    expect(reading.watermarks.isWaiting).toBe(false)
  })

  test('a split that is paused does not become idle', () => {
    const reading = new Reading(forMonotonousTimestamps({ idlenessMs: 100 }))
    const a = reading.watermarks.addSplit('a')
    a.onEvent('x', 101)
    reading.emitAt(0)
    reading.watermarks.announce(50)
    reading.emitAt(1)
    expect([...reading.emitAt(500), ...reading.emitAt(900)]).toEqual([])
    reading.watermarks.announce(1000)
    expect([...reading.emitAt(1000), ...reading.emitAt(1001)]).toEqual([true])
  })

  test('it reports its watermark, the end of time when idle, and nothing before a watermark', () => {
    const reading = new Reading(forMonotonousTimestamps({ idlenessMs: 100 }))
    expect(reading.watermarks.findReport()).toBeUndefined()
    reading.watermarks.addSplit('a').onEvent('x', 10)
    reading.emitAt(0)
    expect(reading.watermarks.findReport()).toBe(9)
    reading.emitAt(1)
    reading.emitAt(102)
    expect(reading.watermarks.findReport()).toBe(END)
  })
})

test('for every sequence of records the watermark is the minimum over the splits', () => {
  const step = fc.tuple(fc.nat(2), fc.nat(50), fc.boolean())
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 30 }), (steps) => {
      const reading = new Reading(forBoundedOutOfOrderness(5))
      const splits = ['a', 'b', 'c'].map((id) => reading.watermarks.addSplit(id))
      const low = Number.NEGATIVE_INFINITY
      const greatest = [low, low, low]
      let emitted = low
      for (const [index, timestamp, mustEmit] of steps) {
        splits[index]?.onEvent('x', timestamp)
        greatest[index] = Math.max(greatest[index] ?? low, timestamp)
        if (!mustEmit) continue
        const expected = Math.min(...greatest) - 6
        expect(reading.emitAt(0)).toEqual(expected > emitted ? [expected] : [])
        emitted = Math.max(emitted, expected)
      }
    }),
  )
})

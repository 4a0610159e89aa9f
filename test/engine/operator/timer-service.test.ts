/** Timers of a keyed operator. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Mutants } from '../../../engine/mutants.ts'
import type { RuntimeMode, TimerTarget } from '../../../engine/operator/operator.ts'
import { KeyedTimerService } from '../../../engine/operator/timer-service.ts'
import { hashKey } from '../../../engine/serializer.ts'
import { HeapStateBackend } from '../../../engine/state/heap-state-backend.ts'
import type { KeyGroupSegment } from '../../../engine/state/keyed-state-backend.ts'
import { FakeRuntime } from '../fake-runtime.ts'
import { operatorContext } from '../operator-context.ts'

const MAX = 8

/** A service with the clock by hand. What fires is written as `key@time`, processing time as `key~time`. */
class Timing {
  readonly runtime = new FakeRuntime()
  readonly service: KeyedTimerService
  readonly fired: string[] = []
  /** What a firing does besides. */
  onFire: (time: number) => void = () => undefined
  readonly #state = new HeapStateBackend({
    maxParallelism: MAX,
    range: { first: 0, last: MAX - 1 },
  })

  constructor(saved: readonly KeyGroupSegment[] = [], runtimeMode: RuntimeMode = 'streaming') {
    this.#state.restore(saved)
    const context = operatorContext({ runtime: this.runtime, keyedState: this.#state, runtimeMode })
    const target: TimerTarget = {
      onEventTime: (time, start, end) => {
        this.#note('@', time, start, end)
      },
      onProcessingTime: (time, start, end) => {
        this.#note('~', time, start, end)
      },
    }
    context.timers(target)
    const { timerService } = context
    if (timerService === null) throw new Error('The context made no service.')
    this.service = timerService
  }

  /** Makes it the current key. */
  at(key: string): KeyedTimerService {
    this.#state.setCurrentKey(key, hashKey(key))
    return this.service
  }

  save(): readonly KeyGroupSegment[] {
    return [...this.#state.snapshot().keyGroups()]
  }

  take(): string[] {
    return this.fired.splice(0)
  }

  #note(sign: string, time: number, start: number, end: number): void {
    const window = start === 0 && end === 0 ? '' : `[${start},${end})`
    this.fired.push(`${String(this.#state.currentKey)}${sign}${time}${window}`)
    this.onFire(time)
  }
}

describe('event time', () => {
  test('timers fire in order of time when the watermark reaches them, each with its key', () => {
    const timing = new Timing()
    timing.at('a').registerEventTime(20)
    timing.at('b').registerEventTime(10)
    timing.at('a').registerEventTime(30)
    timing.service.advance(9)
    expect(timing.take()).toEqual([])
    timing.service.advance(20)
    expect(timing.take()).toEqual(['b@10', 'a@20'])
  })

  test('the same timer is registered once; of another key or window it is another', () => {
    const timing = new Timing()
    for (const key of ['a', 'a', 'b']) timing.at(key).registerEventTime(10)
    timing.at('a').registerEventTime(10, 0, 10)
    timing.service.advance(10)
    expect(timing.take().toSorted()).toEqual(['a@10', 'a@10[0,10)', 'b@10'])
  })

  test('a timer that was deleted does not fire; a window’s is deleted by its window', () => {
    const timing = new Timing()
    timing.at('a').registerEventTime(10)
    timing.service.registerEventTime(10, 5, 11)
    timing.service.registerEventTime(12)
    timing.service.deleteEventTime(10)
    timing.service.deleteEventTime(12, 5, 13)
    timing.service.advance(20)
    expect(timing.take()).toEqual(['a@10[5,11)', 'a@12'])
  })

  test('a timer in the past waits for the next watermark that advances', () => {
    const timing = new Timing()
    timing.service.advance(100)
    timing.at('a').registerEventTime(50)
    expect(timing.take()).toEqual([])
    timing.service.advance(101)
    expect(timing.take()).toEqual(['a@50'])
  })

  test('what a firing registers up to the watermark fires in the same advance, also backwards', () => {
    const timing = new Timing()
    timing.onFire = (time) => {
      if (time === 10) timing.service.registerEventTime(20)
      if (time === 20) timing.service.registerEventTime(5)
      if (time === 5) timing.service.registerEventTime(31)
    }
    timing.at('a').registerEventTime(10)
    timing.at('b').registerEventTime(25)
    timing.service.advance(30)
    expect(timing.take()).toEqual(['a@10', 'a@20', 'a@5', 'b@25'])
    timing.service.advance(31)
    expect(timing.take()).toEqual(['a@31'])
  })

  test('a firing sees the new watermark', () => {
    const timing = new Timing()
    const seen: number[] = []
    timing.onFire = () => seen.push(timing.service.currentWatermark)
    timing.at('a').registerEventTime(10)
    timing.service.advance(30)
    expect(seen).toEqual([30])
  })

  test('an advance that was stopped goes on where it was', () => {
    const timing = new Timing()
    for (const time of [1, 2, 3]) timing.at('a').registerEventTime(time)
    let left = 2
    const mayContinue = (): boolean => left-- > 0
    expect(timing.service.advance(10, mayContinue)).toBe(false)
    expect(timing.take()).toEqual(['a@1', 'a@2'])
    expect(timing.service.advance(10)).toBe(true)
    expect(timing.take()).toEqual(['a@3'])
  })

  test('at the end of event time the last timers fire', () => {
    const timing = new Timing()
    timing.at('a').registerEventTime(Number.POSITIVE_INFINITY)
    timing.service.advance(1e15)
    expect(timing.take()).toEqual([])
    timing.service.advance(Number.POSITIVE_INFINITY)
    expect(timing.take()).toEqual(['a@Infinity'])
  })

  test('the watermark does not go back', () => {
    const timing = new Timing()
    timing.service.advance(10)
    expect(() => timing.service.advance(9)).toThrow('goes back from 10 to 9')
  })
})

describe('processing time', () => {
  test('timers fire by the clock, in order, each with its key', () => {
    const timing = new Timing()
    timing.at('a').registerProcessingTime(20)
    timing.at('b').registerProcessingTime(10)
    timing.runtime.advance(9)
    expect(timing.take()).toEqual([])
    timing.runtime.advance(1)
    expect(timing.take()).toEqual(['b~10'])
    timing.runtime.advance(10)
    expect(timing.take()).toEqual(['a~20'])
  })

  test('only the earliest one is waited for', () => {
    const timing = new Timing()
    for (const time of [30, 20, 40]) timing.at('a').registerProcessingTime(time)
    expect(timing.runtime.timers).toEqual(['processing-timer'])
    timing.runtime.advance(20)
    expect(timing.take()).toEqual(['a~20'])
  })

  test('a timer in the past fires in a turn of its own', () => {
    const timing = new Timing()
    timing.runtime.advance(50)
    timing.at('a').registerProcessingTime(10)
    expect(timing.take()).toEqual([])
    timing.runtime.advance(0)
    expect(timing.take()).toEqual(['a~10'])
  })

  test('a firing may register the next one', () => {
    const timing = new Timing()
    timing.onFire = (time) => {
      if (time < 30) timing.service.registerProcessingTime(time + 10)
    }
    timing.at('a').registerProcessingTime(10)
    timing.runtime.advance(100)
    expect(timing.take()).toEqual(['a~10', 'a~20', 'a~30'])
    expect(timing.runtime.timers).toEqual([])
  })

  test('a timer that was deleted does not fire, the others do', () => {
    const timing = new Timing()
    timing.at('a').registerProcessingTime(10)
    timing.at('a').registerProcessingTime(20)
    timing.service.deleteProcessingTime(10)
    timing.runtime.advance(20)
    expect(timing.take()).toEqual(['a~20'])
  })

  test('when the input has ended none fires any more', () => {
    const timing = new Timing()
    timing.at('a').registerProcessingTime(10)
    timing.service.quiesce()
    timing.service.registerProcessingTime(20)
    timing.runtime.advance(100)
    expect(timing.take()).toEqual([])
  })

  test('a timer at the end of time is never waited for', () => {
    const timing = new Timing()
    timing.at('a').registerProcessingTime(Number.POSITIVE_INFINITY)
    expect(timing.runtime.timers).toEqual([])
  })

  test('a wait of years is cut into pieces', () => {
    const timing = new Timing()
    const year = 365 * 86_400_000
    timing.at('a').registerProcessingTime(year)
    timing.runtime.advance(0x7fff_ffff)
    expect(timing.take()).toEqual([])
    timing.runtime.advance(year - 0x7fff_ffff)
    expect(timing.take()).toEqual([`a~${year}`])
  })
})

test('after a restore timers go on, and those that became due meanwhile fire at once', () => {
  const before = new Timing()
  before.at('a').registerEventTime(10)
  before.at('b').registerProcessingTime(5)
  before.at('a').registerProcessingTime(60)
  const after = new Timing(before.save())
  after.runtime.advance(50)
  after.service.open()
  after.runtime.advance(0)
  expect(after.take()).toEqual(['b~5'])
  after.runtime.advance(10)
  expect(after.take()).toEqual(['a~60'])
  after.service.advance(10)
  expect(after.take()).toEqual(['a@10'])
})

describe('batch', () => {
  test('with the end of a key all its timers fire, first those of event time', () => {
    const timing = new Timing([], 'batch')
    const seen: number[] = []
    timing.onFire = () => seen.push(timing.service.currentWatermark)
    timing.at('a').registerProcessingTime(10)
    timing.service.registerEventTime(20)
    timing.runtime.advance(100)
    expect(timing.take(), 'not by the clock').toEqual([])
    timing.service.fireAll()
    expect(timing.take()).toEqual(['a@20', 'a~10'])
    expect(seen).toEqual([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY])
    expect(timing.service.currentWatermark).toBe(Number.NEGATIVE_INFINITY)
  })

  test('what these register is ignored', () => {
    const timing = new Timing([], 'batch')
    timing.onFire = (time) => {
      timing.service.registerEventTime(time + 1)
      timing.service.registerProcessingTime(time + 1)
    }
    timing.at('a').registerEventTime(20)
    timing.service.fireAll()
    timing.service.fireAll()
    expect(timing.take()).toEqual(['a@20'])
  })
})

test('a timer needs a time', () => {
  const timing = new Timing()
  expect(() => {
    timing.at('a').registerEventTime(Number.NaN)
  }).toThrow('A timer was registered for NaN')
  expect(() => {
    timing.at('a').registerProcessingTime(Number.NaN)
  }).toThrow('A timer was registered for NaN')
})

test('for every set of timers and watermarks each fires once, in order, with the watermark that reaches it', () => {
  const timer = fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.nat(20))
  fc.assert(
    fc.property(fc.array(timer, { maxLength: 15 }), fc.array(fc.nat(20)), (timers, steps) => {
      const timing = new Timing()
      for (const [key, time] of timers) timing.at(key).registerEventTime(time)
      const left = new Set(timers.map(([key, time]) => `${key}@${time}`))
      for (const watermark of steps.toSorted((a, b) => a - b)) {
        timing.service.advance(watermark)
        const fired = timing.take()
        const times = fired.map((name) => Number(name.slice(2)))
        expect(times).toEqual(times.toSorted((a, b) => a - b))
        const due = [...left].filter((name) => Number(name.slice(2)) <= watermark)
        expect(fired.toSorted()).toEqual(due.toSorted())
        for (const name of fired) left.delete(name)
      }
    }),
  )
})

describe('when what stands behind takes no records', () => {
  test('processing-time timers wait, and fire in their order when it takes some again', () => {
    const runtime = new FakeRuntime()
    const state = new HeapStateBackend({ maxParallelism: MAX, range: { first: 0, last: MAX - 1 } })
    const fired: number[] = []
    let room = 1
    const service = new KeyedTimerService(
      {
        onEventTime: () => undefined,
        onProcessingTime: (time) => {
          fired.push(time)
          room -= 1
        },
      },
      {
        state,
        mutants: new Mutants(),
        runtimeMode: 'streaming',
        processingTime: () => runtime.now(),
        schedule: (delayMs, label, callback) => runtime.schedule(delayMs, label, callback),
        cancel: (timer) => {
          runtime.cancel(timer)
        },
        mayFire: () => room > 0,
      },
    )
    state.setCurrentKey('a', hashKey('a'))
    for (const time of [10, 20, 30]) service.registerProcessingTime(time)
    runtime.advance(25)
    expect([fired, service.isHeldBack, runtime.timers]).toEqual([[10], true, []])
    service.registerProcessingTime(15)
    room = 1
    service.resume()
    expect([fired, service.isHeldBack]).toEqual([[10, 15], true])
    room = 2
    service.resume()
    expect([fired, service.isHeldBack]).toEqual([[10, 15, 20], false])
    runtime.advance(5)
    expect(fired).toEqual([10, 15, 20, 30])
  })
})

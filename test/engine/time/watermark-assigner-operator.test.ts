/** The operator of assignTimestampsAndWatermarks. */
import { describe, expect, test } from 'vitest'
import { MAX_WATERMARK, NO_TIMESTAMP } from '../../../engine/element.ts'
import { UserFunctionError } from '../../../engine/errors.ts'
import type { OperatorContext } from '../../../engine/operator/operator.ts'
import { WatermarkAssignerOperator } from '../../../engine/time/watermark-assigner-operator.ts'
import {
  forBoundedOutOfOrderness,
  forGenerator,
  forMonotonousTimestamps,
} from '../../../engine/time/watermark-strategy.ts'
import type { WatermarkStrategy } from '../../../engine/time/watermark-strategy.ts'
import { readCases, timeName, timeOf } from '../conformance-cases.ts'
import type { CaseTime } from '../conformance-cases.ts'
import { FakeRuntime } from '../fake-runtime.ts'
import { type TestContext, operatorContext } from '../operator-context.ts'

class Assigning {
  readonly runtime = new FakeRuntime()
  readonly context: TestContext
  readonly operator: WatermarkAssignerOperator

  constructor(strategy: WatermarkStrategy<unknown>, overrides: Partial<OperatorContext> = {}) {
    this.context = operatorContext({ runtime: this.runtime, ...overrides })
    this.operator = new WatermarkAssignerOperator(strategy, this.context)
    this.operator.open()
  }

  /** Watermarks and changes of status so far; true is idle. */
  get control(): (number | boolean)[] {
    return this.context.control
  }

  get records(): readonly { readonly value: unknown; readonly timestamp: number }[] {
    return this.context.emitted.get('main') ?? []
  }
}

interface Job {
  readonly strategy: { readonly type: string; readonly delay?: number }
  readonly interval: number
}

interface Step {
  readonly e?: { readonly id: number }
  readonly t?: number
  readonly w?: CaseTime
  readonly p?: number
}

/** A clock that jumps, unlike that of FakeRuntime: what is due then sees the time after the jump. */
class JumpingContext {
  now = 0
  readonly rows: Record<string, unknown>[] = []
  readonly context: TestContext
  #pending: { readonly at: number; readonly callback: () => void }[] = []

  constructor(autoWatermarkIntervalMs: number) {
    this.context = operatorContext({
      autoWatermarkIntervalMs,
      processingTime: () => this.now,
      schedule: (delayMs, label, callback) => {
        this.#pending.push({ at: this.now + delayMs, callback })
        return { label }
      },
      emitWatermark: (watermark) => this.rows.push({ w: timeName(watermark) }),
      emitStatus: (idle) => this.rows.push({ idle }),
      output: () => ({
        emit: (value, timestamp) => {
          this.rows.push({ id: (value as { id: number }).id, ts: timestamp })
        },
      }),
    })
  }

  jump(to: number): void {
    this.now = to
    for (;;) {
      const due = this.#pending.find(({ at }) => at <= to)
      if (due === undefined) return
      this.#pending = this.#pending.filter((other) => other !== due)
      due.callback()
    }
  }
}

test.each(readCases<Job, Step>('watermark-assigner'))(
  '$id: the operator emits what that of Flink emits',
  ({ job, input, end = true, expected }) => {
    const jumping = new JumpingContext(job.interval)
    const strategy = forBoundedOutOfOrderness<unknown>(job.strategy.delay ?? 0)
    const operator = new WatermarkAssignerOperator(strategy, jumping.context)
    operator.open()
    const steps: Step[] = end ? [...input, { w: 'max' }] : [...input]
    const found = steps.flatMap(({ e, t = Number.NaN, w, p }, at) => {
      const before = jumping.rows.length
      if (p !== undefined) jumping.jump(p)
      else if (w !== undefined) operator.processWatermark(timeOf(w))
      else operator.process(e, t)
      return jumping.rows.slice(before).map((row) => ({ ...row, at }))
    })
    expect(found).toEqual(expected.main)
  },
)

test('records go on with the timestamps that the assigner gives them', () => {
  const strategy = forMonotonousTimestamps({
    timestampAssigner: (value: { readonly at: number }, old) => value.at + (old ?? 1000),
  })
  const assigning = new Assigning(strategy)
  assigning.operator.process({ at: 1 }, 100)
  assigning.operator.process({ at: 2 }, NO_TIMESTAMP)
  expect(assigning.records).toEqual([
    { value: { at: 1 }, timestamp: 101 },
    { value: { at: 2 }, timestamp: 1002 },
  ])
})

describe('watermarks', () => {
  test('they come once in each interval, when they advance', () => {
    const assigning = new Assigning(forBoundedOutOfOrderness(10))
    assigning.operator.process('x', 100)
    assigning.runtime.advance(199)
    expect(assigning.control).toEqual([])
    assigning.runtime.advance(1)
    assigning.runtime.advance(400)
    expect(assigning.control).toEqual([89])
    assigning.operator.process('x', 110)
    assigning.runtime.advance(200)
    expect(assigning.control).toEqual([89, 99])
  })

  test('with interval 0 nobody asks the generator', () => {
    const { runtime } = new Assigning(forMonotonousTimestamps(), { autoWatermarkIntervalMs: 0 })
    expect(runtime.timers).toEqual([])
  })

  test('those from upstream end here, but for the end of event time', () => {
    const assigning = new Assigning(forMonotonousTimestamps())
    assigning.operator.processWatermark(50)
    assigning.operator.processStatus()
    expect(assigning.control).toEqual([])
    assigning.operator.processWatermark(MAX_WATERMARK)
    expect(assigning.control).toEqual([MAX_WATERMARK])
  })

  test('one that a generator emits for a record comes behind the record', () => {
    const seen: unknown[] = []
    const strategy = forGenerator<unknown>(() => ({
      onEvent: (_value, timestamp, output) => {
        output.emitWatermark(timestamp)
      },
      onPeriodicEmit: () => undefined,
    }))
    const context = operatorContext({
      output: () => ({ emit: (value) => seen.push(value) }),
      emitWatermark: (watermark) => seen.push(watermark),
    })
    new WatermarkAssignerOperator(strategy, context).process('x', 5)
    expect(seen).toEqual(['x', 5])
  })

  test('at the end of the input the generator is asked once more', () => {
    const assigning = new Assigning(forMonotonousTimestamps())
    assigning.operator.process('x', 100)
    assigning.operator.finish()
    expect(assigning.control).toEqual([99])
    expect(assigning.runtime.timers, 'and then no more').toEqual([])
  })

  test('without records the stream becomes idle, until the watermark advances', () => {
    const assigning = new Assigning(forMonotonousTimestamps({ idlenessMs: 300 }))
    assigning.operator.process('x', 100)
    assigning.runtime.advance(600)
    expect(assigning.control).toEqual([99])
    assigning.runtime.advance(200)
    expect(assigning.control).toEqual([99, true])
    assigning.operator.process('x', 200)
    assigning.runtime.advance(200)
    expect(assigning.control).toEqual([99, true, false, 199])
  })

  test('a batch has none but the last', () => {
    const assigning = new Assigning(forMonotonousTimestamps(), { runtimeMode: 'batch' })
    assigning.operator.process('x', 100)
    assigning.runtime.advance(1000)
    assigning.operator.finish()
    expect(assigning.control).toEqual([])
    assigning.operator.processWatermark(MAX_WATERMARK)
    expect(assigning.control).toEqual([MAX_WATERMARK])
  })
})

describe('what users throw', () => {
  const boom = (): never => {
    throw new Error('boom')
  }

  test('an error of the assigner or a bad timestamp names the operator', () => {
    const throwing = new Assigning(forMonotonousTimestamps({ timestampAssigner: boom }))
    expect(() => {
      throwing.operator.process('x', 1)
    }).toThrow('The function of operator "op" threw: Error: boom')
    const bad = new Assigning(forMonotonousTimestamps({ timestampAssigner: () => 0.5 }))
    expect(() => {
      bad.operator.process('x', 1)
    }).toThrow('operator "op" threw: ConfigurationError: The timestamp assigner returned 0.5')
  })

  test('an error of a generator names the operator', () => {
    const throwing = new Assigning(forGenerator(() => ({ onEvent: boom, onPeriodicEmit: boom })))
    expect(() => {
      throwing.operator.process('x', 1)
    }).toThrow(UserFunctionError)
    expect(() => {
      throwing.runtime.advance(200)
    }).toThrow(UserFunctionError)
  })

  test('an error of an operator behind keeps its name', () => {
    const { operator } = new Assigning(forMonotonousTimestamps(), {
      output: () => ({
        emit: () => {
          throw new UserFunctionError('behind', 'boom')
        },
      }),
    })
    expect(() => {
      operator.process('x', 1)
    }).toThrow('The function of operator "behind" threw: boom')
  })
})

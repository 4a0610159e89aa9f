/** What asynchronous calls promise, whatever the service does and wherever the job crashes. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { seeded } from '../../seeded.ts'
import type { Saved } from '../operator/operating.ts'
import { serving } from './serving.ts'
import type { Serving } from './serving.ts'

type Step =
  | { readonly type: 'record' | 'watermark' | 'crash' | 'checkpoint' }
  | { readonly type: 'reply' | 'fail'; readonly nth: number }
  | { readonly type: 'pause'; readonly ms: number }

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.constant({ type: 'record' }) },
  { weight: 5, arbitrary: fc.record({ type: fc.constant('reply'), nth: fc.nat({ max: 9 }) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('fail'), nth: fc.nat({ max: 9 }) }) },
  { weight: 2, arbitrary: fc.constant({ type: 'watermark' }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('pause'), ms: fc.nat({ max: 400 }) }) },
  { weight: 1, arbitrary: fc.constantFrom({ type: 'checkpoint' }, { type: 'crash' }) },
)

/**
 * A source that counts, in front of an operator; what came out since the last checkpoint is dropped by a crash, as a
 * transactional sink does, and the source goes back. Watermark n is promised to come behind records below n.
 */
class Run {
  readonly #options: Parameters<typeof serving>[0]
  #serving: Serving
  #next = 0
  #last = { saved: null as Saved | null, next: 0, output: 0 }
  readonly output: (number | string)[] = []

  constructor(order: 'ordered' | 'unordered', capacity: number) {
    this.#options = {
      order,
      capacity,
      timeoutMs: 500,
      onTimeout: (value) => [value],
      result: (value) => [value],
      retry: { maxAttempts: 1000, delayMs: 5 },
    }
    this.#serving = this.#start()
  }

  get inFlight(): number {
    return this.#serving.services.open.length
  }

  do(step: Step): void {
    const { operating, services } = this.#serving
    switch (step.type) {
      case 'record':
        if (operating.operator.isAvailable === true) operating.process(this.#next++)
        return
      case 'watermark':
        operating.watermark(this.#next)
        return
      case 'reply':
      case 'fail': {
        const call = services.open[step.nth % Math.max(1, services.open.length)]
        if (call !== undefined) services[step.type](call.request)
        operating.advance(0)
        return
      }
      case 'pause':
        operating.advance(step.ms)
        return
      case 'checkpoint':
        this.#last = { saved: operating.save(), next: this.#next, output: this.output.length }
        return
      case 'crash':
        this.#serving = this.#start()
        this.#next = this.#last.next
        this.output.splice(this.#last.output)
    }
  }

  /** Answers everything; returns how many records there were. */
  finish(): number {
    for (let turn = 0; this.inFlight > 0 && turn < 1000; turn++) this.do({ type: 'reply', nth: 0 })
    this.do({ type: 'pause', ms: 10_000 })
    return this.#next
  }

  #start(): Serving {
    return serving(this.#options, this.#last.saved, {
      output: () => ({ emit: (value) => this.output.push(Number(value)) }),
      emitWatermark: (watermark) => this.output.push(`w${watermark}`),
    })
  }
}

test('for all answers, failures, timeouts and crashes, every record comes out once, in the order that was asked for', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('ordered', 'unordered'),
      fc.integer({ min: 1, max: 4 }),
      fc.array(anyStep, { maxLength: 60 }),
      (order, capacity, steps) => {
        const run = new Run(order, capacity)
        for (const step of steps) {
          run.do(step)
          expect(run.inFlight).toBeLessThanOrEqual(capacity)
        }
        const count = run.finish()
        const records = run.output.filter((value) => typeof value === 'number')
        const all = Array.from({ length: count }, (_, i) => i)
        expect(records.toSorted((a, b) => a - b)).toEqual(all)
        if (order === 'ordered') expect(records).toEqual(all)
        run.output.forEach((mark, at) => {
          if (typeof mark === 'number') return
          const late = run.output.slice(at).filter((value) => Number(value) < Number(mark.slice(1)))
          expect(late).toEqual([])
        })
      },
    ),
    seeded(300),
  )
})

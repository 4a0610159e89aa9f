/** A pattern operator on a state backend and timers, fed by hand. */
import { present } from '../../../engine/assert.ts'
import { CepOperator } from '../../../engine/cep/cep-operator.ts'
import type { CepSpec } from '../../../engine/cep/cep-spec.ts'
import { hashKey } from '../../../engine/serializer.ts'
import { HeapStateBackend } from '../../../engine/state/heap-state-backend.ts'
import type { KeyGroupSegment } from '../../../engine/state/keyed-state-backend.ts'
import { FakeRuntime } from '../fake-runtime.ts'
import { operatorContext, type TestContext } from '../operator-context.ts'

const MAX = 8

/** What a checkpoint holds of the operator. */
export type Saved = readonly KeyGroupSegment[]

export class OperatingCep {
  readonly context: TestContext
  readonly #state: HeapStateBackend
  readonly #operator: CepOperator
  readonly #runtime = new FakeRuntime()
  #now: number

  /** `now`: where the clock stands. */
  constructor(spec: CepSpec, saved: Saved = [], now = 0) {
    this.#now = now
    this.#runtime.advance(now)
    const processingTime = (): number => this.#now
    this.#state = new HeapStateBackend({
      maxParallelism: MAX,
      range: { first: 0, last: MAX - 1 },
      processingTime,
      strict: { operator: 'cep' },
    })
    this.context = operatorContext({
      uid: 'cep',
      name: 'cep',
      keyedState: this.#state,
      runtime: this.#runtime,
      processingTime,
    })
    this.#operator = new CepOperator(spec, this.context)
    this.#state.restore(saved)
    this.#timers.open()
  }

  process(key: unknown, value: unknown, timestamp: number): void {
    this.#state.setCurrentKey(key, hashKey(key))
    this.#operator.process(value, timestamp)
    this.#state.checkHandedOut()
  }

  watermark(watermark: number): void {
    if (watermark > this.#timers.currentWatermark) this.#timers.advance(watermark)
  }

  /** The clock jumps; each timer that is due sees it there. */
  clock(now: number): void {
    const passed = now - this.#now
    this.#now = now
    this.#runtime.advance(passed)
  }

  save(): Saved {
    return [...this.#state.snapshot().keyGroups()]
  }

  /** Keys that have partial matches. */
  get keysWithMatches(): number {
    return [...this.#state.entries('cep.matches')].length
  }

  get #timers(): NonNullable<TestContext['timerService']> {
    return present(this.context.timerService, 'The operator has no timers.')
  }
}

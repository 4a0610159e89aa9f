/** A window operator on a state backend and timers, fed by hand. */
import { present } from '../../../engine/assert.ts'
import { checkpointId } from '../../../engine/ids.ts'
import type { RuntimeMode } from '../../../engine/operator/operator.ts'
import { hashKey } from '../../../engine/serializer.ts'
import { HeapStateBackend } from '../../../engine/state/heap-state-backend.ts'
import type { KeyGroupSegment } from '../../../engine/state/keyed-state-backend.ts'
import { WindowOperator } from '../../../engine/window/window-operator.ts'
import type { WindowSpec } from '../../../engine/window/window-spec.ts'
import { FakeRuntime } from '../fake-runtime.ts'
import { operatorContext, type Emitted, type TestContext } from '../operator-context.ts'

const MAX = 8

/** What a checkpoint holds of the operator. */
export type Saved = readonly KeyGroupSegment[]

export interface OperatingOptions {
  /** Absent: a fresh start. */
  readonly saved?: Saved
  /** Where the clock stands. */
  readonly now?: number
  readonly runtimeMode?: RuntimeMode
}

export class OperatingWindows {
  readonly context: TestContext
  readonly operator: WindowOperator
  readonly #state: HeapStateBackend
  readonly #runtime = new FakeRuntime()
  #now: number

  constructor(
    spec: WindowSpec,
    { saved, now = 0, runtimeMode = 'streaming' }: OperatingOptions = {},
  ) {
    this.#now = now
    this.#runtime.advance(now)
    const processingTime = (): number => this.#now
    this.#state = new HeapStateBackend({
      maxParallelism: MAX,
      range: { first: 0, last: MAX - 1 },
      processingTime,
      strict: { operator: 'window' },
    })
    if (saved !== undefined) this.#state.restore(saved)
    this.context = operatorContext({
      uid: 'window',
      name: 'window',
      keyedState: this.#state,
      runtime: this.#runtime,
      runtimeMode,
      processingTime,
    })
    this.operator = new WindowOperator(spec, this.context)
    this.operator.open([], saved === undefined ? null : checkpointId(1))
    this.#timers.open()
  }

  process(key: unknown, value: unknown, timestamp: number): void {
    this.#state.setCurrentKey(key, hashKey(key))
    this.operator.process(value, timestamp)
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

  /** Batch: the current key is over. */
  endKey(): void {
    this.#timers.fireAll()
  }

  /** What was emitted since the last call, on the main output or that of `tag`. */
  take(tag = 'main'): Emitted[] {
    return this.context.emitted.get(tag)?.splice(0) ?? []
  }

  save(): Saved {
    return [...this.#state.snapshot().keyGroups()]
  }

  /** Names of the states that hold anything. */
  get stored(): string[] {
    return this.#state.stateNames().filter((name) => [...this.#state.entries(name)].length > 0)
  }

  /** Timers of both domains. */
  get timerCount(): number {
    return this.#state.timerQueue('event').size + this.#state.timerQueue('processing').size
  }

  get #timers(): NonNullable<TestContext['timerService']> {
    return present(this.context.timerService, 'The operator has no timers.')
  }
}

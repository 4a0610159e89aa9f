/** One operator behind a keyBy, or not, fed by hand: records, watermarks, time, checkpoints. */
import { assert } from '../../../engine/assert.ts'
import type { OperatorStateEntry } from '../../../engine/checkpoint/snapshot-handle.ts'
import { checkpointId } from '../../../engine/ids.ts'
import type { OperatorSpec } from '../../../engine/operator/operator-spec.ts'
import type { Operator, OperatorContext } from '../../../engine/operator/operator.ts'
import { hashKey } from '../../../engine/serializer.ts'
import { HeapStateBackend } from '../../../engine/state/heap-state-backend.ts'
import type { KeyGroupSegment } from '../../../engine/state/keyed-state-backend.ts'
import { createOperator } from '../../../engine/task/create-operator.ts'
import { FakeRuntime } from '../fake-runtime.ts'
import { operatorContext, type TestContext } from '../operator-context.ts'

const MAX = 16

/** What a checkpoint holds of the operator. */
export interface Saved {
  readonly segments: readonly KeyGroupSegment[]
  readonly entries: readonly OperatorStateEntry[]
}

type KeySelector = ((value: never) => unknown) | null

export class Operating {
  readonly context: TestContext
  readonly operator: Operator
  readonly runtime = new FakeRuntime()
  readonly #state: HeapStateBackend
  readonly #keyOf: KeySelector
  readonly #keyOfSecond: KeySelector

  /** Without `keyOf` the operator stands outside of a keyed context. `secondKeyOf` is by default the same. */
  constructor(
    spec: OperatorSpec,
    keyOf: KeySelector,
    saved: Saved | null = null,
    name = 'op',
    options: { readonly keyOfSecond?: KeySelector } & Partial<OperatorContext> = {},
  ) {
    const { keyOfSecond, ...overrides } = options
    this.#state = new HeapStateBackend({
      maxParallelism: MAX,
      range: { first: 0, last: MAX - 1 },
      processingTime: () => this.runtime.now(),
      strict: { operator: name },
    })
    if (saved !== null) this.#state.restore(saved.segments)
    this.#keyOf = keyOf
    this.#keyOfSecond = keyOfSecond === undefined ? keyOf : keyOfSecond
    this.context = operatorContext({
      uid: name,
      name,
      keyedState: keyOf === null ? null : this.#state,
      runtime: this.runtime,
      ...overrides,
    })
    this.operator = createOperator(spec, this.context)
    this.operator.open?.(saved?.entries ?? [], saved === null ? null : checkpointId(1))
    this.context.timerService?.open()
  }

  /** Gives it a value and returns what it emitted for it on its main output. */
  process(value: unknown, timestamp = 0): unknown[] {
    return this.#emittedBy(() => {
      this.#selectKey(this.#keyOf, value)
      this.operator.process(value, timestamp)
    })
  }

  /** The same on the second input. */
  processSecond(value: unknown, timestamp = 0): unknown[] {
    return this.#emittedBy(() => {
      this.#selectKey(this.#keyOfSecond, value)
      assert(this.operator.processSecond !== undefined, 'The operator has one input.')
      this.operator.processSecond(value, timestamp)
    })
  }

  /** Fires the timers that the watermark reaches, and passes it on as a subtask does. */
  watermark(watermark: number): unknown[] {
    return this.#emittedBy(() => {
      this.context.currentWatermark = watermark
      if (this.operator.processWatermark !== undefined) {
        this.operator.processWatermark(watermark)
        return
      }
      this.context.timerService?.advance(watermark)
      this.context.emitWatermark(watermark)
    })
  }

  /** Lets time pass. */
  advance(ms: number): unknown[] {
    return this.#emittedBy(() => {
      this.runtime.advance(ms)
    })
  }

  /** Batch: the current key is over. */
  endKey(): unknown[] {
    return this.#emittedBy(() => {
      this.context.timerService?.fireAll()
    })
  }

  save(): Saved {
    const context = { checkpoint: checkpointId(1), hold: () => () => undefined }
    const entries = this.operator.snapshot?.(context)() ?? []
    return { segments: [...this.#state.snapshot().keyGroups()], entries }
  }

  /** Values that are stored of a state. */
  stored(state: string): number {
    return [...this.#state.entries(state)].length
  }

  #selectKey(keyOf: KeySelector, value: unknown): void {
    if (keyOf === null) return
    const key = (keyOf as (value: unknown) => unknown)(value)
    this.#state.setCurrentKey(key, hashKey(key))
  }

  #emittedBy(action: () => void): unknown[] {
    const before = this.context.emitted.get('main')?.length ?? 0
    action()
    this.#state.checkHandedOut()
    return (this.context.emitted.get('main') ?? []).slice(before).map((emitted) => emitted.value)
  }
}

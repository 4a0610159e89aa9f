/** One operator behind a keyBy, or not, fed by hand. */
import type { OperatorStateEntry } from '../../../engine/checkpoint/snapshot-handle.ts'
import { checkpointId } from '../../../engine/ids.ts'
import { createOperator } from '../../../engine/operator/create-operator.ts'
import type { OperatorSpec } from '../../../engine/operator/operator-spec.ts'
import type { Operator } from '../../../engine/operator/operator.ts'
import { hashKey } from '../../../engine/serializer.ts'
import { HeapStateBackend } from '../../../engine/state/heap-state-backend.ts'
import type { KeyGroupSegment } from '../../../engine/state/keyed-state-backend.ts'
import { operatorContext, type TestContext } from '../operator-context.ts'

const MAX = 16

/** What a checkpoint holds of the operator. */
export interface Saved {
  readonly segments: readonly KeyGroupSegment[]
  readonly entries: readonly OperatorStateEntry[]
}

export class Operating {
  readonly context: TestContext
  readonly operator: Operator
  readonly #state: HeapStateBackend
  readonly #keyOf: ((value: never) => unknown) | null

  /** Without `keyOf` the operator stands outside of a keyed context. */
  constructor(
    spec: OperatorSpec,
    keyOf: ((value: never) => unknown) | null,
    saved: Saved | null = null,
    name = 'op',
  ) {
    this.#state = new HeapStateBackend({ maxParallelism: MAX, range: { first: 0, last: MAX - 1 } })
    if (saved !== null) this.#state.restore(saved.segments)
    this.#keyOf = keyOf
    this.context = operatorContext({
      uid: name,
      name,
      keyedState: keyOf === null ? null : this.#state,
    })
    this.operator = createOperator(spec, this.context)
    this.operator.open?.(saved?.entries ?? [], saved === null ? null : checkpointId(1))
  }

  /** Gives it a value and returns what it emitted for it on its main output. */
  process(value: unknown, timestamp = 0): unknown[] {
    const before = this.context.emitted.get('main')?.length ?? 0
    if (this.#keyOf !== null) {
      const key = (this.#keyOf as (value: unknown) => unknown)(value)
      this.#state.setCurrentKey(key, hashKey(key))
    }
    this.operator.process(value, timestamp)
    return (this.context.emitted.get('main') ?? []).slice(before).map((emitted) => emitted.value)
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
}

/**
 * Reads numbered records: those that a generator makes and those of a collection. A split is every n-th number from a
 * first one on; subtask i of n begins with split i. Splits can be dealt out to more or fewer subtasks.
 */
import type { OperatorStateEntry } from '../checkpoint/snapshot-handle.ts'
import { BUFFER_RECORDS_MAX, NO_TIMESTAMP } from '../element.ts'
import { UserFunctionError } from '../errors.ts'
import type { OperatorContext, OperatorSnapshot } from '../operator/operator.ts'
import { binary } from '../serializer.ts'
import { Pace } from './pace.ts'
import type { SourceOutput, SplitOutput } from './source-output.ts'
import type { PollResult, SourceReader } from './source-reader.ts'
import type { CollectionSourceSpec, GeneratorSourceSpec } from './source-spec.ts'

interface IndexedSplit {
  /** The next record. */
  readonly next: number
  readonly stride: number
}

interface ReadingSplit {
  next: number
  readonly stride: number
  readonly output: SplitOutput
}

const SPLITS = 'indexed-splits'

export class IndexedSourceReader implements SourceReader {
  readonly uid: string
  readonly #context: OperatorContext
  readonly #output: SourceOutput
  readonly #count: number
  readonly #valueAt: (index: number) => unknown
  readonly #timestampOf: ((value: unknown) => number | null) | null
  readonly #pace: Pace | null
  /** The first is read; they take turns. */
  #splits: ReadingSplit[] = []

  constructor(
    spec: GeneratorSourceSpec | CollectionSourceSpec,
    context: OperatorContext,
    output: SourceOutput,
  ) {
    this.uid = context.uid
    this.#context = context
    this.#output = output
    if (spec.type === 'generator') {
      this.#count = spec.count
      this.#valueAt = spec.generate
      this.#timestampOf = null
      this.#pace = spec.ratePerSecond === null ? null : new Pace(spec.ratePerSecond, context)
    } else {
      this.#count = spec.values.length
      this.#valueAt = (index) => spec.values[index]
      this.#timestampOf = spec.timestamps
      this.#pace = null
    }
  }

  open(restored: readonly OperatorStateEntry[]): void {
    const { subtaskIndex, parallelism } = this.#context
    const state = restored.find(({ name }) => name === SPLITS)
    // Written by `snapshot` below.
    const splits = state?.items.map((item) => binary.decode(item) as IndexedSplit) ?? [
      { next: subtaskIndex, stride: parallelism },
    ]
    this.#splits = splits.map(({ next, stride }) => ({
      next,
      stride,
      output: this.#output.addSplit(`${next % stride} of ${stride}`),
    }))
  }

  poll(mayEmit: () => boolean): PollResult {
    const { provenance } = this.#context
    if (provenance.isOn) provenance.current = []
    for (let tried = this.#splits.length; tried > 0; tried--) {
      const split = this.#splits[0]
      if (split === undefined) break
      if (split.next >= this.#count) {
        split.output.release()
        this.#splits.shift()
        continue
      }
      if (this.#pace?.isEarly === true) {
        this.#pace.wakeWhenDue()
        return 'idle'
      }
      this.#splits.push(...this.#splits.splice(0, 1))
      if (split.output.isPaused) continue
      this.#read(split, mayEmit)
      return 'emitted'
    }
    return this.#splits.length === 0 ? 'finished' : 'idle'
  }

  snapshot(): OperatorSnapshot {
    const items = this.#splits.map(({ next, stride }) => binary.encode({ next, stride }))
    return () => [{ name: SPLITS, redistribution: 'split', items }]
  }

  #read(split: ReadingSplit, mayEmit: () => boolean): void {
    const { output } = split
    const { collector } = output
    const count = this.#count
    const valueAt = this.#valueAt
    const timestampOf = this.#timestampOf
    const pace = this.#pace
    for (let emitted = 0; emitted < BUFFER_RECORDS_MAX; emitted++) {
      if (split.next >= count || output.isPaused || pace?.isEarly === true) return
      if (!mayEmit()) return
      let value: unknown
      let timestamp = NO_TIMESTAMP
      try {
        value = valueAt(split.next)
        if (timestampOf !== null) timestamp = timestampOf(value) ?? NO_TIMESTAMP
      } catch (error) {
        throw new UserFunctionError(this.#context.name, error)
      }
      split.next += split.stride
      pace?.taken()
      collector.emit(value, timestamp)
    }
  }
}

/** The collect sink: values wait for their checkpoint and then go to an object of this process. */
import type { OperatorStateEntry } from '../checkpoint/snapshot-handle.ts'
import type { CheckpointId } from '../ids.ts'
import type {
  Operator,
  OperatorContext,
  OperatorSnapshot,
  SnapshotContext,
} from '../operator/operator.ts'
import type { CollectedPart, CollectedResults } from './collected-results.ts'
import { PendingCommits } from './pending-commits.ts'

export class CollectSinkOperator implements Operator {
  readonly uid: string
  readonly #context: OperatorContext
  readonly #commits: PendingCommits<CollectedPart>
  #values: unknown[] = []

  constructor(results: CollectedResults<unknown>, context: OperatorContext) {
    this.uid = context.uid
    this.#context = context
    this.#commits = new PendingCommits((part, onCommitted) => {
      results.commit(part)
      onCommitted()
    })
  }

  get hasUncommitted(): boolean {
    return this.#values.length > 0 || !this.#commits.isEmpty
  }

  open(restored: readonly OperatorStateEntry[], restoredFrom: CheckpointId | null): void {
    this.#commits.restore(restored, restoredFrom)
  }

  process(value: unknown): void {
    this.#values.push(value)
  }

  snapshot({ checkpoint }: SnapshotContext): OperatorSnapshot {
    if (this.#values.length > 0) {
      const id = `${this.uid}/${this.#context.subtaskIndex}/${checkpoint}`
      this.#commits.add(checkpoint, { id, values: this.#values })
      this.#values = []
    }
    const state = this.#commits.state()
    return () => state
  }

  notifyComplete(checkpoint: CheckpointId): void {
    this.#commits.complete(checkpoint)
  }
}

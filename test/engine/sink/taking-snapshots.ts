/** The snapshot of one operator, taken by hand: it ends when the operator has let go of it. */
import type { OperatorStateEntry } from '../../../engine/checkpoint/snapshot-handle.ts'
import { checkpointId } from '../../../engine/ids.ts'
import type { Operator, OperatorSnapshot } from '../../../engine/operator/operator.ts'

export class TakenSnapshot {
  readonly #state: OperatorSnapshot
  #holds = 0

  constructor(operator: Operator, checkpoint: number) {
    const hold = (): (() => void) => {
      this.#holds += 1
      return () => {
        this.#holds -= 1
      }
    }
    const state = operator.snapshot?.({ checkpoint: checkpointId(checkpoint), hold })
    if (state === undefined) throw new Error('The operator has no snapshots.')
    this.#state = state
  }

  get isReady(): boolean {
    return this.#holds === 0
  }

  get state(): readonly OperatorStateEntry[] {
    if (!this.isReady) throw new Error('The snapshot waits.')
    return this.#state()
  }
}

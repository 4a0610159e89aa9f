/**
 * The transactional ids of one sink subtask: a bounded pool of slots, one per transaction that is open, prepared or
 * named by a checkpoint that could still be restored. Names are stable over restarts, so that a new attempt fences
 * whatever an older one left open by initializing every slot.
 *
 * A slot is reused only when no restorable checkpoint names its last transaction. So a restored handle never meets a
 * newer epoch of our own, and a refused commit always means that the broker aborted the transaction
 * (the ambiguity of FLINK-40626 and kafka-clients.md 1.5 does not arise).
 */
import { assert } from '../assert.ts'
import { TransactionalProducer } from '../kafka/transactional-producer.ts'
import type {
  TransactionHandle,
  TransactionalProducerOptions,
} from '../kafka/transactional-producer.ts'

/**
 * Open, prepared, and one each for the checkpoints that may still name a transaction; the rest is room for lost
 * completion notices.
 */
export const POOL_SIZE = 6

export type PoolOptions = Omit<TransactionalProducerOptions, 'transactionalId'> & {
  readonly prefix: string
  readonly subtaskIndex: number
  /** Slots of former, higher parallelism that this subtask fences as well. */
  readonly orphanIndexes: readonly number[]
  readonly onReady: () => void
  readonly onFenced: (handle: TransactionHandle) => void
}

export class TransactionPool {
  readonly #options: PoolOptions
  readonly #ready: TransactionalProducer[] = []
  #initializing = 0

  /** Fences every slot but those of `restored`, which must be committed first. */
  constructor(options: PoolOptions, restored: ReadonlySet<string>) {
    this.#options = options
    for (let slot = 0; slot < POOL_SIZE; slot++) {
      const id = transactionalId(options.prefix, options.subtaskIndex, slot)
      if (!restored.has(id)) this.recycle(id)
    }
    for (const orphan of options.orphanIndexes) this.#fenceOrphans(orphan, restored)
  }

  /** A producer with a fresh epoch, or null while none is there. */
  take(): TransactionalProducer | null {
    return this.#ready.shift() ?? null
  }

  /** No id is free, and none is about to become free. */
  get isExhausted(): boolean {
    return this.#ready.length === 0 && this.#initializing === 0
  }

  /** One of a former subtask is not: it would be another's after the next rescaling. */
  owns(id: string): boolean {
    return subtaskIndexOf(id) === this.#options.subtaskIndex
  }

  /** Initializes the id again and puts it back; nothing may need its former transaction any more. */
  recycle(id: string): void {
    const producer = new TransactionalProducer({ ...this.#options, transactionalId: id })
    this.#initializing += 1
    producer.initialize(() => {
      this.#initializing -= 1
      assert(producer.state === 'ready', `${id} is not ready after its initialization.`)
      this.#options.onFenced(producer.handle)
      this.#ready.push(producer)
      this.#options.onReady()
    })
  }

  /** Of a transaction that is over: its id may have another one open, which nobody else would end. */
  reclaim(id: string): void {
    if (this.owns(id)) this.recycle(id)
    else this.#fence(id)
  }

  #fenceOrphans(subtaskIndex: number, restored: ReadonlySet<string>): void {
    for (let slot = 0; slot < POOL_SIZE; slot++) {
      const id = transactionalId(this.#options.prefix, subtaskIndex, slot)
      if (!restored.has(id)) this.#fence(id)
    }
  }

  #fence(id: string): void {
    const producer = new TransactionalProducer({ ...this.#options, transactionalId: id })
    producer.initialize(() => {
      this.#options.onFenced(producer.handle)
    })
  }
}

/** `prefix-subtask-slot`. */
export function transactionalId(prefix: string, subtaskIndex: number, slot: number): string {
  return `${prefix}-${subtaskIndex}-${slot}`
}

/** Of the subtask to which an id belongs. */
export function subtaskIndexOf(id: string): number {
  const index = Number(id.split('-').at(-2))
  assert(Number.isInteger(index), `"${id}" is no transactional id of a sink.`)
  return index
}

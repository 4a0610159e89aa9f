/**
 * A partition as its leader serves it: appends to the log, moves the high watermark when the replicas have the
 * records, and wakes whoever waits for that. With one replica the high watermark follows after a fixed delay, zero
 * by default; several replicas will replace `#replicate` (K-R50, K-R51).
 */
import type { ProducedBatch, StoredBatch, TopicPartition } from '../../engine/kafka/protocol.ts'
import type { Mutants } from '../../engine/mutants.ts'
import { batchHash } from './batch-size.ts'
import type { ClusterSettings, ClusterWorld } from './cluster-options.ts'
import { type AppendResult, PartitionLog } from './partition-log.ts'
import type { AppendOrigin, EndMarker } from './producer-states.ts'

/** Somebody who wants to know that there may be more to read. It may stop watching while it is told. */
export interface Watcher {
  advanced(): void
}

interface Waiter {
  readonly offset: number
  readonly callback: () => void
}

export class PartitionLeader implements TopicPartition {
  readonly topic: string
  readonly partition: number
  readonly log: PartitionLog
  readonly #world: ClusterWorld
  readonly #replicationDelayMs: number
  /** Internal topics write no facts: `transaction-state-changed` and the clients tell of them. */
  readonly #isTraced: boolean
  readonly #watchers = new Set<Watcher>()
  #waiters: Waiter[] = []

  constructor(
    { topic, partition }: TopicPartition,
    isInternal: boolean,
    world: ClusterWorld,
    settings: ClusterSettings,
    mutants: Mutants,
  ) {
    this.topic = topic
    this.partition = partition
    this.log = new PartitionLog(mutants, settings.producerIdExpirationMs)
    this.#world = world
    this.#replicationDelayMs = settings.replicationDelayMs
    this.#isTraced = !isInternal
  }

  append(batch: ProducedBatch, origin: AppendOrigin): AppendResult {
    const result = this.log.append(batch, origin, this.#world.now())
    if (result.type === 'appended') {
      this.#appended(result.batch)
    } else if (result.type === 'duplicate') {
      const { topic, partition } = this
      const { producerId } = batch
      const { baseOffset } = result
      this.#world.trace({ type: 'duplicate-recognized', topic, partition, producerId, baseOffset })
    }
    return result
  }

  /** The marker's offset; null when it was refused. */
  appendMarker(marker: EndMarker): number | null {
    const batch = this.log.appendMarker(marker, this.#world.now())
    if (batch === null) return null
    this.#appended(batch)
    return batch.baseOffset
  }

  /** Calls back once the high watermark is at or above `offset`: at once if it is. */
  whenReplicated(offset: number, callback: () => void): void {
    if (this.log.highWatermark >= offset) callback()
    else this.#waiters.push({ offset, callback })
  }

  watch(watcher: Watcher): void {
    this.#watchers.add(watcher)
  }

  unwatch(watcher: Watcher): void {
    this.#watchers.delete(watcher)
  }

  #appended(batch: StoredBatch): void {
    this.#world.mix(batchHash(batch))
    const replicatedTo = this.log.logEndOffset
    if (this.#replicationDelayMs === 0) {
      this.log.advanceHighWatermark(replicatedTo)
      this.#trace(batch)
      this.#wake()
      return
    }
    this.#trace(batch)
    const label = `replicate ${this.topic}-${this.partition}`
    this.#world.schedule(this.#replicationDelayMs, label, () => {
      this.log.advanceHighWatermark(replicatedTo)
      this.#wake()
    })
  }

  #wake(): void {
    if (this.#waiters.length > 0) {
      const { highWatermark } = this.log
      const ready = this.#waiters.filter((waiter) => waiter.offset <= highWatermark)
      this.#waiters = this.#waiters.filter((waiter) => waiter.offset > highWatermark)
      for (const waiter of ready) waiter.callback()
    }
    for (const watcher of this.#watchers) watcher.advanced()
  }

  #trace(batch: StoredBatch): void {
    if (!this.#isTraced) return
    const { topic, partition } = this
    const { highWatermark, lastStableOffset } = this.log
    const { producerId, producerEpoch, baseOffset, isTransactional, control } = batch
    const producer = {
      topic,
      partition,
      producerId,
      producerEpoch,
      highWatermark,
      lastStableOffset,
    }
    if (control === null) {
      const count = batch.records.length
      this.#world.trace({ type: 'batch-appended', ...producer, baseOffset, count, isTransactional })
    } else {
      this.#world.trace({
        type: 'marker-appended',
        ...producer,
        offset: baseOffset,
        result: control,
      })
    }
  }
}

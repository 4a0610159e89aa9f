/**
 * The coordinator of the transactional ids of one partition of `__transaction_state`: runs the step function of
 * transaction-step.ts and carries out its effects on the log, the markers and the clock. What it knows can be read
 * back from its log, which is what a new coordinator does (K-R27).
 */
import { assert, present, unreachable } from '../../engine/assert.ts'
import type { KafkaError, RequestType, TopicPartition } from '../../engine/kafka/protocol.ts'
import type { Mutants } from '../../engine/mutants.ts'
import type { ClusterSettings, ClusterWorld } from './cluster-options.ts'
import { decodeTransaction, encodeTransaction } from './coordinator-records.ts'
import type { PartitionLeader } from './partition-leader.ts'
import { UNSEQUENCED } from './partition-log.ts'
import type { EndMarker } from './producer-states.ts'
import type { TransactionMetadata } from './transaction-metadata.ts'
import {
  includes,
  load,
  step,
  type Step,
  type StepContext,
  type TransactionEffect,
  type TransactionEntry,
  type TransactionInput,
} from './transaction-step.ts'

/** A request that awaits its answer, and who sent it. */
export interface Ask {
  readonly request: RequestType
  readonly transactionalId: string
  /** -1 in InitProducerId. */
  readonly producerId: number
  readonly producerEpoch: number
  readonly reply: (error: KafkaError, producerId: number, producerEpoch: number) => void
}

/** What the coordinator needs from its cluster. */
export interface CoordinatorPorts {
  readonly world: ClusterWorld
  readonly settings: ClusterSettings
  readonly mutants: Mutants
  readonly newProducerId: () => number
  /** Calls back when the marker is durable; never if it was refused. */
  readonly writeMarker: (
    partition: TopicPartition,
    marker: EndMarker,
    onDurable: () => void,
  ) => void
}

/** An input of the step function that answers a request. */
type AskInput = Extract<TransactionInput, { ticket: number }>
type WithoutTicket<T> = T extends AskInput ? Omit<T, 'ticket'> : never

export class TransactionCoordinator {
  readonly #ports: CoordinatorPorts
  readonly #log: PartitionLeader
  readonly #entries = new Map<string, TransactionEntry>()
  readonly #asks = new Map<number, Ask>()
  /** The last state of each id that the trace knows. */
  readonly #told = new Map<string, TransactionMetadata>()
  #lastTicket = 0
  /** Grows with every new coordinator; what an older one still had under way is ignored. */
  #epoch = 0
  #isLoading = false
  /** The next look at timeouts, null when no transaction is open. */
  #nextCheckAt: number | null = null

  constructor(log: PartitionLeader, ports: CoordinatorPorts) {
    this.#log = log
    this.#ports = ports
  }

  handle(ask: Ask, input: WithoutTicket<AskInput>): void {
    if (this.#isLoading) {
      ask.reply('COORDINATOR_LOAD_IN_PROGRESS', -1, -1)
      return
    }
    this.#expire(ask.transactionalId)
    this.#lastTicket += 1
    this.#asks.set(this.#lastTicket, ask)
    this.#dispatch(ask.transactionalId, { ...input, ticket: this.#lastTicket })
  }

  /** Is the partition part of the open transaction of this producer? The answer as a produce request gets it (K-R18). */
  verify(
    transactionalId: string,
    producer: { readonly producerId: number; readonly producerEpoch: number },
    partition: TopicPartition,
  ): KafkaError {
    if (this.#isLoading) return 'NOT_ENOUGH_REPLICAS'
    const entry = this.#entries.get(transactionalId)
    if (entry === undefined || entry.current.producerId !== producer.producerId) {
      return 'INVALID_PRODUCER_ID_MAPPING'
    }
    const { state, producerEpoch, partitions } = entry.current
    if (producerEpoch !== producer.producerEpoch) return 'INVALID_PRODUCER_EPOCH'
    // CONCURRENT_TRANSACTIONS is unknown to producers; this one they retry.
    if (state === 'PrepareCommit' || state === 'PrepareAbort') return 'NOT_ENOUGH_REPLICAS'
    return includes(partitions, partition) ? 'NONE' : 'INVALID_TXN_STATE'
  }

  /** Transactions that are open or being completed. */
  get open(): readonly TransactionMetadata[] {
    return [...this.#entries.values()]
      .map((entry) => entry.current)
      .filter(({ partitions }) => partitions.length > 0)
  }

  /** Another broker takes over: everything in memory is gone, and comes back from the log (K-R27). */
  moveTo(loadingMs: number): void {
    const { world } = this.#ports
    this.#epoch += 1
    this.#isLoading = true
    this.#nextCheckAt = null
    this.#entries.clear()
    const asks = [...this.#asks.values()]
    this.#asks.clear()
    for (const ask of asks) ask.reply('NOT_COORDINATOR', -1, -1)
    const epoch = this.#epoch
    world.schedule(loadingMs, 'transaction-coordinator-loaded', () => {
      if (epoch === this.#epoch) this.#load()
    })
  }

  #load(): void {
    this.#isLoading = false
    const found = new Map<string, TransactionMetadata>()
    for (const batch of this.#log.log.batches) {
      for (const record of batch.records) {
        const { transactionalId, metadata } = decodeTransaction(record)
        if (metadata === null) found.delete(transactionalId)
        else found.set(transactionalId, metadata)
      }
    }
    for (const [transactionalId, metadata] of found) {
      this.#settle(transactionalId, load(metadata, this.#ports.world.now()), metadata)
    }
  }

  /** K-R29, checked on access instead of by a timer. */
  #expire(transactionalId: string): void {
    const entry = this.#entries.get(transactionalId)
    if (entry === undefined || entry.pending !== null || entry.current.state === 'Ongoing') return
    const { world, settings } = this.#ports
    if (entry.current.updatedAt + settings.transactionalIdExpirationMs > world.now()) return
    this.#dispatch(transactionalId, { type: 'expired' })
  }

  #dispatch(transactionalId: string, input: TransactionInput): void {
    const before = this.#entries.get(transactionalId) ?? null
    const next = step(before, input, this.#context())
    const isDurable = input.type === 'appended'
    this.#settle(transactionalId, next, isDurable ? (before?.pending?.to ?? null) : null)
  }

  #context(): StepContext {
    const { world, settings, mutants, newProducerId } = this.#ports
    const { maxTransactionTimeoutMs } = settings
    return { now: world.now(), maxTransactionTimeoutMs, mutants, newProducerId }
  }

  /** `durable` is what has just become true, if anything has. */
  #settle(
    transactionalId: string,
    [entry, effects]: Step,
    durable: TransactionMetadata | null,
  ): void {
    if (entry === null) this.#entries.delete(transactionalId)
    else this.#entries.set(transactionalId, entry)
    if (durable !== null) this.#tell(durable)
    if (entry !== null && entry.pending === null && entry.current.state === 'Ongoing') {
      this.#checkAfter(entry.current.startedAt + entry.current.timeoutMs)
    }
    for (const effect of effects) this.#perform(transactionalId, effect)
  }

  #perform(transactionalId: string, effect: TransactionEffect): void {
    switch (effect.type) {
      case 'reply': {
        const ask = present(this.#asks.get(effect.ticket), 'Every request is answered once.')
        this.#asks.delete(effect.ticket)
        if (effect.error === 'PRODUCER_FENCED') traceFenced(this.#ports.world, ask)
        ask.reply(effect.error, effect.producerId, effect.producerEpoch)
        return
      }
      case 'append':
        this.#append(transactionalId, effect.metadata)
        return
      case 'write-markers':
        this.#writeMarkers(transactionalId, effect)
        return
      default:
        unreachable(effect)
    }
  }

  #append(transactionalId: string, metadata: TransactionMetadata): void {
    const records = [encodeTransaction(metadata, this.#ports.world.now())]
    const epoch = this.#epoch
    const result = this.#log.append({ ...UNSEQUENCED, records }, 'coordinator')
    assert(result.type === 'appended', 'A coordinator can append to its own log.')
    this.#log.whenReplicated(result.lastOffset + 1, () => {
      if (epoch === this.#epoch) this.#dispatch(transactionalId, { type: 'appended' })
    })
  }

  /** K-R25, K-R26: later than the answer, and each partition at its own time. */
  #writeMarkers(
    transactionalId: string,
    effect: Extract<TransactionEffect, { type: 'write-markers' }>,
  ): void {
    const { world, settings, mutants, writeMarker } = this.#ports
    const { producerId, producerEpoch, result, partitions } = effect
    const epoch = this.#epoch
    const marker: EndMarker = { producerId, producerEpoch, coordinatorEpoch: epoch, result }
    const isOnlyFirst = partitions.length > 1 && mutants.active('marker-on-one-partition')
    partitions.forEach((partition, i) => {
      const delayMs = settings.markerDelayMs + i * settings.markerGapMs
      const label = `marker ${partition.topic}-${partition.partition}`
      const marked = (): void => {
        if (epoch !== this.#epoch) return
        this.#dispatch(transactionalId, { type: 'marked', producerEpoch, partition })
      }
      world.schedule(delayMs, label, () => {
        if (epoch !== this.#epoch) return
        if (isOnlyFirst && i > 0) marked()
        else writeMarker(partition, marker, marked)
      })
    })
  }

  /** K-R28: looks at the next multiple of the interval after `deadline`, but only if nobody looks earlier. */
  #checkAfter(deadline: number): void {
    const { world, settings } = this.#ports
    const interval = settings.transactionTimeoutCheckMs
    const after = Math.max(deadline, world.now())
    const at = (Math.floor(after / interval) + 1) * interval
    if (this.#nextCheckAt !== null && this.#nextCheckAt <= at) return
    this.#nextCheckAt = at
    world.schedule(at - world.now(), 'transaction-timeout-check', () => {
      if (this.#nextCheckAt === at) this.#check()
    })
  }

  #check(): void {
    this.#nextCheckAt = null
    for (const [transactionalId, { current }] of this.#entries) {
      // One that is too young for this check asks for the next one by itself.
      if (current.state === 'Ongoing') this.#dispatch(transactionalId, { type: 'timeout-check' })
    }
  }

  /** A new coordinator also tells of changes that its predecessor wrote but did not live to see durable. */
  #tell(metadata: TransactionMetadata): void {
    const { transactionalId, producerId, producerEpoch, state } = metadata
    const before = this.#told.get(transactionalId)
    if (before?.state === state && before.producerEpoch === producerEpoch) return
    this.#told.set(transactionalId, metadata)
    this.#ports.world.trace({
      type: 'transaction-state-changed',
      transactionalId,
      producerId,
      producerEpoch,
      state,
    })
  }
}

/** A refusal because of a newer epoch, wherever it was noticed. */
export function traceFenced(world: ClusterWorld, ask: Omit<Ask, 'reply'>): void {
  const { transactionalId, producerId, producerEpoch, request } = ask
  world.trace({ type: 'producer-fenced', transactionalId, producerId, producerEpoch, request })
}

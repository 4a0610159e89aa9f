/**
 * A tiny world with a virtual clock for tests of the simulated cluster, and clients that speak requests to it.
 * Requests arrive at once; `world.advance` lets time pass.
 */
import { expect } from 'vitest'
import { assert, present } from '../../../engine/assert.ts'
import { millis } from '../../../engine/ids.ts'
import type {
  IsolationLevel,
  KafkaError,
  KafkaRequest,
  ProducedBatch,
  RecordData,
  ResponseTo,
  TopicPartition,
} from '../../../engine/kafka/protocol.ts'
import { filterFetched } from '../../../engine/kafka/read-committed-filter.ts'
import { type AnyMutant, Mutants } from '../../../engine/mutants.ts'
import type { Fact } from '../../../engine/trace.ts'
import type { ClusterOptions, ClusterWorld } from '../../../sim/kafka/cluster-options.ts'
import type { LogRecord } from '../../../sim/kafka/ground-truth.ts'
import { SimulatedCluster } from '../../../sim/kafka/simulated-cluster.ts'

export const TOPIC = 't'
export const GROUP = 'g'

export class TestWorld implements ClusterWorld {
  readonly facts: Fact[] = []
  fingerprint = 0
  readonly #timers: { at: number; order: number; action: () => void }[] = []
  #now = 0
  #scheduled = 0
  /** Called with every fact as it happens. */
  onFact: (fact: Fact) => void = () => {}

  now(): ReturnType<typeof millis> {
    return millis(this.#now)
  }

  schedule(delayMs: number, _label: string, action: () => void): void {
    assert(delayMs >= 0, 'Nothing is scheduled in the past.')
    this.#timers.push({ at: this.#now + delayMs, order: this.#scheduled, action })
    this.#scheduled += 1
  }

  trace(fact: Fact): void {
    this.facts.push(fact)
    this.onFact(fact)
  }

  mix(value: number): void {
    this.fingerprint = Math.imul(this.fingerprint ^ value, 0x01000193)
  }

  /** Lets `ms` pass, doing what is due. */
  advance(ms: number): void {
    const until = this.#now + ms
    for (;;) {
      this.#timers.sort((a, b) => a.at - b.at || a.order - b.order)
      const next = this.#timers[0]
      if (next === undefined || next.at > until) break
      this.#timers.shift()
      this.#now = next.at
      next.action()
    }
    this.#now = until
  }

  get scheduled(): number {
    return this.#timers.length
  }

  factsOf<T extends Fact['type']>(type: T): Extract<Fact, { type: T }>[] {
    return this.facts.filter((fact): fact is Extract<Fact, { type: T }> => fact.type === type)
  }
}

/** A cluster with the topic `t` of two partitions. */
export class Kafka {
  readonly world = new TestWorld()
  readonly mutants: Mutants
  readonly cluster: SimulatedCluster

  constructor(options: Partial<ClusterOptions> = {}, mutant: AnyMutant | null = null) {
    this.mutants = new Mutants(mutant)
    const topics = [{ topic: TOPIC, partitions: 2 }]
    this.cluster = new SimulatedCluster({ topics, ...options }, this.world, this.mutants)
  }

  /** Sends a request and returns the box that its answer will be in. */
  send<R extends KafkaRequest>(request: R): { response: ResponseTo<R> | null } {
    const box: { response: ResponseTo<R> | null } = { response: null }
    this.cluster.handle(request, (response) => {
      expect(box.response, 'one answer for each request').toBeNull()
      expect(response.type).toBe(request.type)
      box.response = response as ResponseTo<R>
    })
    return box
  }

  /** Sends a request that is answered at once. */
  ask<R extends KafkaRequest>(request: R): ResponseTo<R> {
    return present(this.send(request).response, `${request.type} is answered at once.`)
  }

  producer(transactionalId: string | null = 'tx'): Producer {
    return new Producer(this, transactionalId)
  }

  /** A non-transactional write of the workload. */
  append(partition: number, ...values: string[]): number {
    return this.cluster.append(TOPIC, partition, values.map(record))
  }

  fetch(
    partition: number,
    offset: number,
    isolationLevel: IsolationLevel = 'read_committed',
    maxBytes = 1_000_000,
  ): ResponseTo<Extract<KafkaRequest, { type: 'fetch' }>>['partitions'][number] {
    const partitions = [{ topic: TOPIC, partition, offset }]
    const request = { type: 'fetch', isolationLevel, maxWaitMs: 0, maxBytes, partitions } as const
    return present(this.ask(request).partitions[0], 'One partition was asked for.')
  }

  /** Everything that a read_committed client sees of a partition now. */
  read(partition: number): string[] {
    return this.readFrom(partition, 0, 'read_committed').values
  }

  readUncommitted(partition: number): string[] {
    return this.readFrom(partition, 0, 'read_uncommitted').values
  }

  /** Fetches and filters until nothing comes any more. */
  readFrom(
    partition: number,
    offset: number,
    isolationLevel: IsolationLevel,
    maxBytes = 1_000_000,
  ): { values: string[]; offsets: number[]; nextOffset: number } {
    const values: string[] = []
    const offsets: number[] = []
    let nextOffset = offset
    for (;;) {
      const fetched = this.fetch(partition, nextOffset, isolationLevel, maxBytes)
      expect(fetched.error).toBe('NONE')
      if (fetched.batches.length === 0) return { values, offsets, nextOffset }
      const filtered = filterFetched(fetched, nextOffset, isolationLevel)
      for (const visible of filtered.records) {
        values.push(valueOf(visible.record))
        offsets.push(visible.offset)
      }
      nextOffset = filtered.nextOffset
    }
  }

  log(partition: number): ReturnType<SimulatedCluster['log']> {
    return this.cluster.log(TOPIC, partition)
  }

  committedOffset(partition = 0, requireStable = false): number | KafkaError {
    const partitions = [{ topic: TOPIC, partition }]
    const answer = this.ask({ type: 'offset-fetch', groupId: GROUP, partitions, requireStable })
    const { error, offset } = present(answer.partitions[0], 'One partition was asked for.')
    return error === 'NONE' ? offset : error
  }

  commitOffset(offset: number, partition = 0): KafkaError {
    const offsets = [{ topic: TOPIC, partition, offset }]
    const answer = this.ask({ type: 'offset-commit', groupId: GROUP, offsets })
    return present(answer.partitions[0], 'One partition was committed.').error
  }
}

/** A producer that believes what it was told when it last initialized. Copies of it are zombies. */
export class Producer {
  readonly #kafka: Kafka
  readonly transactionalId: string | null
  producerId = -1
  producerEpoch = -1
  readonly #sequences = new Map<number, number>()

  constructor(kafka: Kafka, transactionalId: string | null) {
    this.#kafka = kafka
    this.transactionalId = transactionalId
  }

  /** The same process after a pause: same ids, same sequences. */
  zombie(): Producer {
    const copy = new Producer(this.#kafka, this.transactionalId)
    copy.producerId = this.producerId
    copy.producerEpoch = this.producerEpoch
    for (const [partition, sequence] of this.#sequences) copy.#sequences.set(partition, sequence)
    return copy
  }

  init(transactionTimeoutMs = 60_000): KafkaError {
    const { transactionalId } = this
    const answer = this.#kafka.ask({
      type: 'init-producer-id',
      transactionalId,
      transactionTimeoutMs,
    })
    if (answer.error !== 'NONE') return answer.error
    this.producerId = answer.producerId
    this.producerEpoch = answer.producerEpoch
    this.#sequences.clear()
    return 'NONE'
  }

  add(...partitions: number[]): KafkaError {
    const answer = this.#kafka.ask({
      type: 'add-partitions-to-txn',
      ...this.#transaction(),
      partitions: partitions.map(at),
    })
    return present(answer.partitions[0], 'One partition was added.').error
  }

  addOffsets(groupId = GROUP): KafkaError {
    return this.#kafka.ask({ type: 'add-offsets-to-txn', ...this.#transaction(), groupId }).error
  }

  commitOffset(offset: number, partition = 0): KafkaError {
    const answer = this.#kafka.ask({
      type: 'txn-offset-commit',
      ...this.#transaction(),
      groupId: GROUP,
      offsets: [{ ...at(partition), offset }],
    })
    return present(answer.partitions[0], 'One partition was committed.').error
  }

  end(result: 'commit' | 'abort'): KafkaError {
    return this.#kafka.ask({ type: 'end-txn', ...this.#transaction(), result }).error
  }

  /** The next batch for a partition, without sending it. */
  batch(partition: number, values: readonly string[], isTransactional = true): ProducedBatch {
    const baseSequence = this.#sequences.get(partition) ?? 0
    const { producerId, producerEpoch } = this
    const records = values.map(record)
    return { producerId, producerEpoch, baseSequence, isTransactional, records }
  }

  /** Sends a batch once; the sequence moves on only if the broker took it. */
  send(partition: number, batch: ProducedBatch): { error: KafkaError; baseOffset: number } {
    const { transactionalId } = this
    const partitions = [{ ...at(partition), batch }]
    const answer = this.#kafka.ask({ type: 'produce', transactionalId, partitions })
    const result = present(answer.partitions[0], 'One partition was written.')
    if (result.error === 'NONE') {
      this.#sequences.set(partition, (batch.baseSequence + batch.records.length) % 2_147_483_648)
    }
    return result
  }

  write(partition: number, ...values: string[]): KafkaError {
    const isTransactional = this.transactionalId !== null
    return this.send(partition, this.batch(partition, values, isTransactional)).error
  }

  /** A whole transaction up to EndTxn. */
  transact(result: 'commit' | 'abort', partition: number, ...values: string[]): void {
    expect(this.add(partition)).toBe('NONE')
    expect(this.write(partition, ...values)).toBe('NONE')
    expect(this.end(result)).toBe('NONE')
  }

  #transaction(): { transactionalId: string; producerId: number; producerEpoch: number } {
    const { transactionalId, producerId, producerEpoch } = this
    return { transactionalId: transactionalId ?? '', producerId, producerEpoch }
  }
}

export function at(partition: number): TopicPartition {
  return { topic: TOPIC, partition }
}

export function record(value: string): RecordData {
  return { key: null, value: new TextEncoder().encode(value), timestamp: 0, headers: [] }
}

export function valueOf({ value }: RecordData): string {
  return new TextDecoder().decode(value ?? new Uint8Array())
}

export function valuesOf(records: readonly LogRecord[]): string[] {
  return records.map(({ record }) => valueOf(record))
}

/** An initialized producer. */
export function ready(
  kafka: Kafka,
  transactionalId: string | null = 'tx',
  timeoutMs = 60_000,
): Producer {
  const producer = kafka.producer(transactionalId)
  expect(producer.init(timeoutMs)).toBe('NONE')
  return producer
}

/** The history of a transactional id: `PrepareCommit@0` is the state and the epoch. */
export function states(kafka: Kafka, transactionalId = 'tx'): string[] {
  return kafka.world
    .factsOf('transaction-state-changed')
    .filter((fact) => fact.transactionalId === transactionalId)
    .map((fact) => `${fact.state}@${fact.producerEpoch}`)
}

/** All markers: `commit@0 1:7` is one of epoch 0 at offset 7 of partition 1. */
export function markers(kafka: Kafka): string[] {
  return kafka.world
    .factsOf('marker-appended')
    .map((fact) => `${fact.result}@${fact.producerEpoch} ${fact.partition}:${fact.offset}`)
}

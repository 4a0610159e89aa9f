/**
 * Runs a script of clients (script.ts) against a simulated cluster and checks the invariants K-I1 to K-I6 on the way
 * and at its end. A violation names its invariant.
 */
import { assert, present } from '../../../engine/assert.ts'
import type { ProducedBatch, TopicPartition } from '../../../engine/kafka/protocol.ts'
import { filterFetched } from '../../../engine/kafka/read-committed-filter.ts'
import type { AnyMutant } from '../../../engine/mutants.ts'
import type { Fact } from '../../../engine/trace.ts'
import { decodeOffset } from '../../../sim/kafka/coordinator-records.ts'
import { at, GROUP, Kafka, record, TOPIC } from './harness.ts'
import { type Command, IDS, PARTITIONS, type Script } from './script.ts'

const OFFSETS: TopicPartition = { topic: '__consumer_offsets', partition: 3 }
const LOGS: readonly TopicPartition[] = [...PARTITIONS.map(at), OFFSETS]
export class Violation extends Error {
  constructor(invariant: string, message: string) {
    super(`${invariant}: ${message}`)
  }
}

function check(condition: boolean, invariant: string, message: string): void {
  if (!condition) throw new Violation(invariant, message)
}

/** Runs a script to the end of every transaction and checks everything. */
export function runScript(script: Script, mutant: AnyMutant | null = null): Run {
  const run = new Run(script, mutant)
  for (const command of script.commands) run.perform(command)
  run.finish()
  return run
}

interface Client {
  readonly transactionalId: string | null
  producerId: number
  producerEpoch: number
  sequences: Map<number, number>
  readonly sent: { partition: number; batch: ProducedBatch }[]
}

class Run {
  readonly kafka: Kafka
  readonly #clients: Client[] = IDS.map((transactionalId) => ({
    transactionalId,
    producerId: -1,
    producerEpoch: -1,
    sequences: new Map<number, number>(),
    sent: [],
  }))
  readonly #readers = PARTITIONS.map(() => ({ position: 0, offsets: [] as number[] }))
  readonly #bounds = LOGS.map(() => ({ highWatermark: 0, lastStableOffset: 0 }))
  /** Highest epoch that was handed out, by producer id. */
  readonly #epochs = new Map<number, number>()
  readonly #states = new Map<string, string>()
  /** Every decided transaction with its partitions, in the order of the decisions. */
  readonly #decided: {
    marker: string
    producerId: number
    partitions: readonly TopicPartition[]
  }[] = []
  readonly #hasMoves: boolean
  #values = 0

  constructor({ replicationDelayMs, markerDelayMs, commands }: Script, mutant: AnyMutant | null) {
    this.kafka = new Kafka({ replicationDelayMs, markerDelayMs }, mutant)
    this.#hasMoves = commands.some(({ type }) => type === 'move-coordinator')
    this.kafka.world.onFact = (fact) => this.#onFact(fact)
  }

  perform(command: Command): void {
    switch (command.type) {
      case 'init':
        this.#init(this.#client(command.who))
        break
      case 'add':
        this.#add(this.#client(command.who), command.partition)
        break
      case 'write':
        this.#write(this.#client(command.who), command.partition, command.count)
        break
      case 'repeat': {
        const client = this.#client(command.who)
        const last = client.sent.at(-1)
        if (last !== undefined) this.#send(client, last.partition, last.batch)
        break
      }
      case 'end':
        this.#end(this.#client(command.who), command.result)
        break
      case 'transact':
        this.#transact(this.#client(command.who), command.result)
        break
      case 'add-offsets': {
        const request = this.#transaction(this.#client(command.who))
        this.kafka.send({ type: 'add-offsets-to-txn', ...request, groupId: GROUP })
        break
      }
      case 'commit-offset': {
        const request = this.#transaction(this.#client(command.who))
        this.kafka.send({
          type: 'txn-offset-commit',
          ...request,
          groupId: GROUP,
          offsets: [{ ...at(command.partition), offset: this.#next() }],
        })
        break
      }
      case 'group-commit': {
        const offsets = [{ ...at(command.partition), offset: this.#next() }]
        this.kafka.send({ type: 'offset-commit', groupId: GROUP, offsets })
        break
      }
      case 'append':
        this.kafka.append(command.partition, `${this.#next()}`)
        break
      case 'read':
        this.#read(command.partition, command.maxBytes)
        break
      case 'advance':
        this.kafka.world.advance(command.ms)
        break
      case 'move-coordinator': {
        const id = this.#client(command.who).transactionalId
        assert(id !== null, 'A transactional client.')
        this.kafka.cluster.moveTransactionCoordinator(id, command.ms)
        break
      }
    }
    this.#checkBounds()
  }

  /** Lets every transaction end, reads the rest and checks what must hold then. */
  finish(): void {
    const { world, cluster } = this.kafka
    for (let i = 0; i < 10; i += 1) world.advance(12_000)
    this.#checkBounds()
    check(cluster.openTransactions().length === 0, 'X4', 'a transaction is still open')
    for (const { topic, partition } of LOGS) {
      const { lastStableOffset, logEndOffset } = cluster.log(topic, partition)
      check(lastStableOffset === logEndOffset, 'X4', `${topic}-${partition} hangs`)
    }
    for (const partition of PARTITIONS) {
      while (this.#read(partition, 500));
      this.#checkReader(partition)
    }
    for (const log of LOGS) this.#checkLog(log)
    this.#checkOffsets()
  }

  #client(index: number): Client {
    return present(this.#clients[index], 'There are four clients.')
  }

  #next(): number {
    this.#values += 1
    return this.#values
  }

  #transaction({ transactionalId, producerId, producerEpoch }: Client): {
    transactionalId: string
    producerId: number
    producerEpoch: number
  } {
    return { transactionalId: transactionalId ?? '', producerId, producerEpoch }
  }

  #init(client: Client): void {
    const { transactionalId } = client
    const request = { type: 'init-producer-id', transactionalId } as const
    this.kafka.cluster.handle({ ...request, transactionTimeoutMs: 15_000 }, (response) => {
      if (response.type !== 'init-producer-id' || response.error !== 'NONE') return
      const { producerId, producerEpoch } = response
      const before = this.#epochs.get(producerId) ?? -1
      check(producerEpoch > before, 'K-R22', `epoch ${producerEpoch} was handed out twice`)
      this.#epochs.set(producerId, producerEpoch)
      client.producerId = producerId
      client.producerEpoch = producerEpoch
      client.sequences = new Map()
    })
  }

  #add(client: Client, partition: number): void {
    const request = { type: 'add-partitions-to-txn', ...this.#transaction(client) } as const
    this.kafka.cluster.handle({ ...request, partitions: [at(partition)] }, (response) => {
      if (response.type !== 'add-partitions-to-txn') return
      if (response.partitions[0]?.error !== 'NONE') return
      const open = this.kafka.cluster
        .openTransactions()
        .find(({ transactionalId }) => transactionalId === client.transactionalId)
      const isIn = open?.partitions.some((other) => other.partition === partition) === true
      check(isIn && open.state === 'Ongoing', 'K-R24', 'success, but the partition was not added')
    })
  }

  #write(client: Client, partition: number, count: number): void {
    const { producerId, producerEpoch, transactionalId } = client
    if (producerId < 0) return
    const baseSequence = client.sequences.get(partition) ?? 0
    const isTransactional = transactionalId !== null
    const records = Array.from({ length: count }, () => record(`${this.#next()}`))
    const batch = { producerId, producerEpoch, baseSequence, isTransactional, records }
    client.sent.push({ partition, batch })
    this.#send(client, partition, batch)
  }

  #send(client: Client, partition: number, batch: ProducedBatch): void {
    const { transactionalId, producerEpoch } = client
    const partitions = [{ ...at(partition), batch }]
    this.kafka.cluster.handle({ type: 'produce', transactionalId, partitions }, (response) => {
      if (response.type !== 'produce' || response.partitions[0]?.error !== 'NONE') return
      if (client.producerEpoch !== producerEpoch) return
      const next = batch.baseSequence + batch.records.length
      client.sequences.set(partition, Math.max(client.sequences.get(partition) ?? 0, next))
    })
  }

  #end(client: Client, result: 'commit' | 'abort'): void {
    const request = { type: 'end-txn', ...this.#transaction(client), result } as const
    this.kafka.cluster.handle(request, (response) => {
      if (response.type !== 'end-txn' || response.error !== 'NONE') return
      const state = this.#states.get(client.transactionalId ?? '')
      const isSo = state === (result === 'commit' ? 'PrepareCommit' : 'PrepareAbort')
      const wasSo = state === (result === 'commit' ? 'CompleteCommit' : 'CompleteAbort')
      check(isSo || wasSo, 'K-R25', `EndTxn(${result}) succeeded, but the state is ${state}`)
    })
  }

  #transact(client: Client, result: 'commit' | 'abort' | 'leave-open'): void {
    const { world } = this.kafka
    const steps = [
      () => this.#init(client),
      () => world.advance(100),
      () => this.#init(client),
      () => PARTITIONS.forEach((partition) => this.#add(client, partition)),
      () => this.#add(client, 1),
      () => this.#write(client, 0, 2),
      () => this.#write(client, 1, 1),
    ]
    for (const step of steps) {
      step()
      world.advance(5)
    }
    if (result !== 'leave-open') this.#end(client, result)
  }

  /** One fetch by the reader of a partition; false when nothing came. */
  #read(partition: number, maxBytes: number): boolean {
    const reader = present(this.#readers[partition], 'Each partition has a reader.')
    const fetched = this.kafka.fetch(partition, reader.position, 'read_committed', maxBytes)
    const { records, nextOffset } = filterFetched(fetched, reader.position, 'read_committed')
    reader.offsets.push(...records.map(({ offset }) => offset))
    reader.position = nextOffset
    return fetched.batches.length > 0
  }

  #onFact(fact: Fact): void {
    if (fact.type === 'batch-appended' && fact.producerId >= 0) {
      const newest = this.#epochs.get(fact.producerId) ?? -1
      check(fact.producerEpoch >= newest, 'K-I5', 'a fenced producer wrote')
    }
    if (fact.type !== 'transaction-state-changed') return
    const { transactionalId, producerId, producerEpoch, state } = fact
    this.#states.set(transactionalId, state)
    if (state !== 'PrepareCommit' && state !== 'PrepareAbort') return
    const open = this.kafka.cluster
      .openTransactions()
      .find((transaction) => transaction.transactionalId === transactionalId)
    const result = state === 'PrepareCommit' ? 'commit' : 'abort'
    const { partitions } = present(open, 'What is decided was open.')
    this.#decided.push({ marker: `${result}@${producerEpoch}`, producerId, partitions })
  }

  /** K-I1 */
  #checkBounds(): void {
    LOGS.forEach(({ topic, partition }, i) => {
      const log = this.kafka.cluster.log(topic, partition)
      const { highWatermark, lastStableOffset, logStartOffset, logEndOffset } = log
      const order = [logStartOffset, lastStableOffset, highWatermark, logEndOffset]
      const isSorted = order.every((offset, j) => j === 0 || offset >= (order[j - 1] ?? 0))
      check(isSorted, 'K-I1', `${topic}-${partition}: ${order.join(' <= ')}`)
      const before = present(this.#bounds[i], 'Each log has bounds.')
      const isMonotone =
        highWatermark >= before.highWatermark && lastStableOffset >= before.lastStableOffset
      check(isMonotone, 'K-I1', `${topic}-${partition} moved back`)
      this.#bounds[i] = { highWatermark, lastStableOffset }
    })
  }

  /** K-I2: whatever was read at whatever time is what remains committed. */
  #checkReader(partition: number): void {
    const { position, offsets } = present(this.#readers[partition], 'Each partition has a reader.')
    const { cluster } = this.kafka
    const committed = cluster.readCommitted(TOPIC, partition).map(({ offset }) => offset)
    const all = new Set(cluster.readUncommitted(TOPIC, partition).map(({ offset }) => offset))
    check(position === cluster.log(TOPIC, partition).logEndOffset, 'K-I2', 'the reader is stuck')
    check(
      offsets.join() === committed.join(),
      'K-I2',
      `read ${offsets.join()}, not ${committed.join()}`,
    )
    check(
      committed.every((offset) => all.has(offset)),
      'T8',
      'committed but not there',
    )
  }

  #checkLog({ topic, partition }: TopicPartition): void {
    const seen = new Set<string>()
    const epochs = new Map<number, number>()
    const markers = new Map<number, string[]>()
    let end = 0
    for (const batch of this.kafka.cluster.log(topic, partition).batches) {
      const { producerId, producerEpoch, baseSequence, baseOffset, records, control } = batch
      check(baseOffset === end, 'K-R1', 'offsets are not contiguous')
      end += records.length
      if (producerId < 0) continue
      check(producerEpoch >= (epochs.get(producerId) ?? -1), 'K-I5', 'the epoch went back')
      epochs.set(producerId, producerEpoch)
      if (control !== null) {
        markers.set(producerId, [...(markers.get(producerId) ?? []), `${control}@${producerEpoch}`])
      } else if (baseSequence >= 0) {
        for (let i = 0; i < records.length; i += 1) {
          const id = `${producerId}/${producerEpoch}/${baseSequence + i}`
          check(!seen.has(id), 'K-I3', `${id} is twice in ${topic}-${partition}`)
          seen.add(id)
        }
      }
    }
    for (const producerId of new Set(this.#decided.map((decision) => decision.producerId))) {
      const written = markers.get(producerId) ?? []
      const expected = this.#decided
        .filter((decision) => decision.producerId === producerId)
        .filter(({ partitions }) =>
          partitions.some((p) => p.topic === topic && p.partition === partition),
        )
        .map(({ marker }) => marker)
      // A new coordinator does not know which markers the old one wrote.
      const found = this.#hasMoves ? written.filter((m, i) => m !== written[i - 1]) : written
      const wanted = this.#hasMoves ? expected.filter((m, i) => m !== expected[i - 1]) : expected
      check(
        found.join() === wanted.join(),
        'K-I4',
        `markers of ${producerId} in ${topic}-${partition}: ${found.join()} instead of ${wanted.join()}`,
      )
    }
  }

  /** K-I6: the last committed record for each partition is the group's offset. */
  #checkOffsets(): void {
    const expected = new Map<number, number>()
    for (const { record } of this.kafka.cluster.readCommitted(OFFSETS.topic, OFFSETS.partition)) {
      const { partition, offset } = decodeOffset(record)
      expected.set(partition, offset)
    }
    for (const partition of PARTITIONS) {
      const committed = this.kafka.committedOffset(partition, true)
      const wanted = expected.get(partition) ?? -1
      check(committed === wanted, 'K-I6', `the offset is ${committed} instead of ${wanted}`)
    }
  }
}

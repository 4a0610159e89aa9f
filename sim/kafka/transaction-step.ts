/**
 * The transaction coordinator's protocol for one transactional id, as a pure step function (K-R20 to K-R29). Every
 * change is first written to `__transaction_state` (`append`) and takes effect when it is durable (`appended`);
 * meanwhile, and while markers are on their way, the id is busy and every request gets CONCURRENT_TRANSACTIONS.
 * Knows nothing of logs, timers and connections.
 */
import { assert, present, unreachable } from '../../engine/assert.ts'
import type { KafkaError, TopicPartition } from '../../engine/kafka/protocol.ts'
import type { Mutants } from '../../engine/mutants.ts'
import { type TransactionMetadata, transition } from './transaction-metadata.ts'

/** One transactional id: what is durable, and what is about to be. */
export interface TransactionEntry {
  readonly current: TransactionMetadata
  readonly pending: Pending | null
}

export type Pending =
  /** `to` is being written to the log; `answer` is sent when it is durable. */
  | { readonly type: 'append'; readonly to: TransactionMetadata; readonly answer: Answer | null }
  /** The transaction is decided; `to` follows when no partition misses its marker. */
  | {
      readonly type: 'markers'
      readonly to: TransactionMetadata
      readonly missing: readonly TopicPartition[]
    }

/** `ticket` names the waiting request. */
export interface Answer {
  readonly ticket: number
  readonly error: KafkaError
}

interface FromProducer {
  readonly ticket: number
  readonly producerId: number
  readonly producerEpoch: number
}

export type TransactionInput =
  | {
      readonly type: 'init-producer-id'
      readonly ticket: number
      readonly transactionalId: string
      readonly timeoutMs: number
    }
  | ({
      readonly type: 'add-partitions'
      readonly partitions: readonly TopicPartition[]
    } & FromProducer)
  | ({ readonly type: 'end'; readonly result: 'commit' | 'abort' } & FromProducer)
  /** Time to look whether the open transaction is too old (K-R28). */
  | { readonly type: 'timeout-check' }
  /** Nobody used the id for too long (K-R29). */
  | { readonly type: 'expired' }
  /** What was pending is durable. */
  | { readonly type: 'appended' }
  /** The marker of the transaction of this epoch is durable on one partition. */
  | { readonly type: 'marked'; readonly producerEpoch: number; readonly partition: TopicPartition }

export type TransactionEffect =
  | {
      readonly type: 'reply'
      readonly ticket: number
      readonly error: KafkaError
      readonly producerId: number
      readonly producerEpoch: number
    }
  | { readonly type: 'append'; readonly metadata: TransactionMetadata }
  | {
      readonly type: 'write-markers'
      readonly producerId: number
      readonly producerEpoch: number
      readonly result: 'commit' | 'abort'
      readonly partitions: readonly TopicPartition[]
    }

export interface StepContext {
  readonly now: number
  readonly maxTransactionTimeoutMs: number
  readonly mutants: Mutants
  /** A producer id that nobody had. */
  readonly newProducerId: () => number
}

export type Step = readonly [entry: TransactionEntry | null, effects: readonly TransactionEffect[]]

/** The last epoch is kept for the coordinator's own fencing (K-R22). */
export const PRODUCER_EPOCH_MAX = 32_767

export function step(
  entry: TransactionEntry | null,
  input: TransactionInput,
  context: StepContext,
): Step {
  switch (input.type) {
    case 'init-producer-id':
      return initProducerId(entry, input, context)
    case 'add-partitions':
      return addPartitions(entry, input, context)
    case 'end':
      return end(entry, input, context)
    case 'timeout-check':
      return entry !== null && isTimedOut(entry, context.now)
        ? fence(entry.current, null, context.now)
        : [entry, []]
    case 'expired': {
      const { current, pending } = present(entry, 'Only a known transactional id expires.')
      assert(pending === null, `Transactional id ${current.transactionalId} is busy.`)
      return append(current, transition(current, 'Dead', { updatedAt: context.now }), null)
    }
    case 'appended':
      return appended(present(entry, 'Only a known transactional id is written.'), context.now)
    case 'marked':
      return marked(entry, input)
    default:
      return unreachable(input)
  }
}

/** An entry as a new coordinator finds it in the log: decided transactions get their markers again (K-R27). */
export function load(current: TransactionMetadata, now: number): Step {
  return settle(current, now, [])
}

export function isTimedOut({ current, pending }: TransactionEntry, now: number): boolean {
  const isOpen = pending === null && current.state === 'Ongoing'
  return isOpen && current.startedAt + current.timeoutMs < now
}

type InputOf<T extends TransactionInput['type']> = Extract<TransactionInput, { type: T }>

function initProducerId(
  entry: TransactionEntry | null,
  { ticket, transactionalId, timeoutMs }: InputOf<'init-producer-id'>,
  context: StepContext,
): Step {
  const { now } = context
  if (timeoutMs <= 0 || timeoutMs > context.maxTransactionTimeoutMs) {
    return [entry, [refusal(ticket, 'INVALID_TRANSACTION_TIMEOUT')]]
  }
  const answer: Answer = { ticket, error: 'NONE' }
  if (entry === null) {
    const current: TransactionMetadata = {
      transactionalId,
      producerId: context.newProducerId(),
      producerEpoch: -1,
      timeoutMs,
      state: 'Empty',
      partitions: [],
      startedAt: -1,
      updatedAt: now,
    }
    return append(current, transition(current, 'Empty', { producerEpoch: 0 }), answer)
  }
  const { current, pending } = entry
  if (pending !== null) return [entry, [refusal(ticket, 'CONCURRENT_TRANSACTIONS')]]
  if (current.state === 'Ongoing') {
    // K-R22: the epoch of the fence is never handed out; the client's retry bumps again.
    return fence(current, { ticket, error: 'CONCURRENT_TRANSACTIONS' }, now)
  }
  const isExhausted = current.producerEpoch >= PRODUCER_EPOCH_MAX - 1
  const next = transition(current, 'Empty', {
    producerId: isExhausted ? context.newProducerId() : current.producerId,
    producerEpoch: isExhausted ? 0 : current.producerEpoch + 1,
    timeoutMs,
    partitions: [],
    startedAt: -1,
    updatedAt: now,
  })
  return append(current, next, answer)
}

function addPartitions(
  entry: TransactionEntry | null,
  input: InputOf<'add-partitions'>,
  { now, mutants }: StepContext,
): Step {
  const error = findRefusal(entry, input, mutants)
  if (entry === null || error !== null) {
    return [entry, [refusal(input.ticket, error ?? 'INVALID_PRODUCER_ID_MAPPING')]]
  }
  const { current } = entry
  const known = current.state === 'Ongoing' ? current.partitions : []
  const added = input.partitions.filter((partition) => !includes(known, partition))
  if (added.length === 0) return [entry, [refusal(input.ticket, 'NONE')]]
  const next = transition(current, 'Ongoing', {
    partitions: [...known, ...added],
    startedAt: current.state === 'Ongoing' ? current.startedAt : now,
    updatedAt: now,
  })
  return append(current, next, { ticket: input.ticket, error: 'NONE' })
}

/** K-R25 and the table of EndTxn outcomes. */
function end(
  entry: TransactionEntry | null,
  input: InputOf<'end'>,
  { now, mutants }: StepContext,
): Step {
  const { ticket, result } = input
  const error = findRefusal(entry, input, mutants)
  if (entry === null || error !== null) {
    return [entry, [refusal(ticket, error ?? 'INVALID_PRODUCER_ID_MAPPING')]]
  }
  const { current } = entry
  if (current.state === 'Ongoing') {
    const state = result === 'commit' ? 'PrepareCommit' : 'PrepareAbort'
    const next = transition(current, state, { updatedAt: now })
    return append(current, next, { ticket, error: 'NONE' })
  }
  const isRepeated = current.state === (result === 'commit' ? 'CompleteCommit' : 'CompleteAbort')
  return [entry, [refusal(ticket, isRepeated ? 'NONE' : 'INVALID_TXN_STATE')]]
}

/** K-R24, in Kafka's order: whose id, which epoch, busy or not. */
function findRefusal(
  entry: TransactionEntry | null,
  { producerId, producerEpoch }: FromProducer,
  mutants: Mutants,
): KafkaError | null {
  if (entry === null || entry.current.producerId !== producerId) {
    return 'INVALID_PRODUCER_ID_MAPPING'
  }
  if (entry.current.producerEpoch !== producerEpoch) return 'PRODUCER_FENCED'
  if (entry.pending === null) return null
  return mutants.active('end-txn-answers-early') ? 'NONE' : 'CONCURRENT_TRANSACTIONS'
}

/**
 * Aborts the open transaction under a new epoch, so that its producer can neither write nor end it any more. The
 * new epoch counts at once, the abort when it is durable.
 */
function fence(current: TransactionMetadata, answer: Answer | null, now: number): Step {
  const producerEpoch = current.producerEpoch + 1
  assert(
    producerEpoch <= PRODUCER_EPOCH_MAX,
    `Transactional id ${current.transactionalId} has an epoch left to fence with.`,
  )
  const fenced = transition(current, 'PrepareEpochFence', { producerEpoch })
  const next = transition(fenced, 'PrepareAbort', { updatedAt: now })
  return append({ ...current, producerEpoch }, next, answer)
}

function appended({ current, pending }: TransactionEntry, now: number): Step {
  assert(pending?.type === 'append', `Transaction ${current.transactionalId} is being written.`)
  const { to, answer } = pending
  const effects: TransactionEffect[] = []
  if (answer !== null) {
    // K-R25: the decision is durable, so the answer does not wait for the markers.
    const { ticket, error } = answer
    const { producerId, producerEpoch } = error === 'NONE' ? to : NO_PRODUCER
    effects.push({ type: 'reply', ticket, error, producerId, producerEpoch })
  }
  return settle(to, now, effects)
}

/** `current` is durable: go on from there. */
function settle(
  current: TransactionMetadata,
  now: number,
  effects: readonly TransactionEffect[],
): Step {
  if (current.state === 'Dead') return [null, effects]
  if (current.state !== 'PrepareCommit' && current.state !== 'PrepareAbort') {
    return [{ current, pending: null }, effects]
  }
  const { producerId, producerEpoch, partitions } = current
  const isCommit = current.state === 'PrepareCommit'
  const to = transition(current, isCommit ? 'CompleteCommit' : 'CompleteAbort', {
    partitions: [],
    updatedAt: now,
  })
  assert(partitions.length > 0, `Transaction ${current.transactionalId} has partitions to mark.`)
  return [
    { current, pending: { type: 'markers', to, missing: partitions } },
    [
      ...effects,
      {
        type: 'write-markers',
        producerId,
        producerEpoch,
        result: isCommit ? 'commit' : 'abort',
        partitions,
      },
    ],
  ]
}

function marked(
  entry: TransactionEntry | null,
  { producerEpoch, partition }: InputOf<'marked'>,
): Step {
  // A marker of a transaction that is no longer being completed is late (KAFKA-16352).
  if (entry?.pending?.type !== 'markers' || entry.current.producerEpoch !== producerEpoch) {
    return [entry, []]
  }
  const { current, pending } = entry
  const missing = pending.missing.filter((other) => !isSame(other, partition))
  if (missing.length > 0) return [{ current, pending: { ...pending, missing } }, []]
  return append(current, pending.to, null)
}

function append(
  current: TransactionMetadata,
  to: TransactionMetadata,
  answer: Answer | null,
): Step {
  return [{ current, pending: { type: 'append', to, answer } }, [{ type: 'append', metadata: to }]]
}

const NO_PRODUCER = { producerId: -1, producerEpoch: -1 }

/** An answer that changes nothing. */
function refusal(ticket: number, error: KafkaError): TransactionEffect {
  return { type: 'reply', ticket, error, ...NO_PRODUCER }
}

export function includes(
  partitions: readonly TopicPartition[],
  partition: TopicPartition,
): boolean {
  return partitions.some((other) => isSame(other, partition))
}

function isSame(a: TopicPartition, b: TopicPartition): boolean {
  return a.partition === b.partition && a.topic === b.topic
}

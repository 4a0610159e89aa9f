/** The pure step function of the transaction coordinator, and the table of its states (K-R21). */
import { expect, test } from 'vitest'
import { Mutants } from '../../../engine/mutants.ts'
import {
  type TransactionMetadata,
  transition,
  transitions,
} from '../../../sim/kafka/transaction-metadata.ts'
import {
  step,
  type StepContext,
  type TransactionEffect,
  type TransactionEntry,
  type TransactionInput,
} from '../../../sim/kafka/transaction-step.ts'
import { at } from './harness.ts'

const states = Object.keys(transitions) as (keyof typeof transitions)[]

const metadata: TransactionMetadata = {
  transactionalId: 'tx',
  producerId: 4,
  producerEpoch: 0,
  timeoutMs: 1000,
  state: 'Empty',
  partitions: [],
  startedAt: -1,
  updatedAt: 0,
}

const context: StepContext = {
  now: 5000,
  maxTransactionTimeoutMs: 900_000,
  mutants: new Mutants(),
  newProducerId: () => 77,
}

const producer = { ticket: 1, producerId: 4, producerEpoch: 0 }

const init: TransactionInput = {
  type: 'init-producer-id',
  ticket: 9,
  transactionalId: 'tx',
  timeoutMs: 1000,
}

/** Feeds inputs one after the other, returns the last state and all effects. */
function run(
  start: TransactionEntry | null,
  ...inputs: TransactionInput[]
): { entry: TransactionEntry | null; effects: TransactionEffect[] } {
  let entry = start
  const effects: TransactionEffect[] = []
  for (const input of inputs) {
    const [next, more] = step(entry, input, context)
    entry = next
    effects.push(...more)
  }
  return { entry, effects }
}

/** The previous states of each state, as Kafka's TransactionMetadata lists them. */
const kafkaPreviousStates = {
  Empty: ['Empty', 'CompleteCommit', 'CompleteAbort'],
  Ongoing: ['Ongoing', 'Empty', 'CompleteCommit', 'CompleteAbort'],
  PrepareCommit: ['Ongoing'],
  PrepareAbort: ['Ongoing', 'PrepareEpochFence'],
  CompleteCommit: ['PrepareCommit'],
  CompleteAbort: ['PrepareAbort'],
  PrepareEpochFence: ['Ongoing'],
  Dead: ['Empty', 'CompleteCommit', 'CompleteAbort'],
}

test('K-R21: the table of transitions is that of Kafka', () => {
  for (const [state, previous] of Object.entries(kafkaPreviousStates)) {
    const allowed = states.filter((from) => transitions[from].some((to) => to === state))
    expect(allowed.toSorted(), state).toEqual(previous.toSorted())
  }
})

test('K-R21: any other transition is a bug', () => {
  for (const from of states) {
    for (const to of states) {
      const go = (): unknown => transition({ ...metadata, state: from }, to, {})
      if (transitions[from].includes(to)) expect(go).not.toThrow()
      else expect(go).toThrow(`does not go from ${from} to ${to}`)
    }
  }
})

test('a step never changes its input', () => {
  const entry: TransactionEntry = Object.freeze({
    current: Object.freeze({ ...metadata, partitions: Object.freeze([]) }),
    pending: null,
  })
  const inputs: TransactionInput[] = [
    { type: 'init-producer-id', ticket: 1, transactionalId: 'tx', timeoutMs: 1000 },
    { type: 'add-partitions', ...producer, partitions: [at(0)] },
    { type: 'end', ...producer, result: 'commit' },
    { type: 'timeout-check' },
    { type: 'expired' },
    { type: 'marked', producerEpoch: 0, partition: at(0) },
  ]
  for (const input of inputs) expect(() => step(entry, input, context)).not.toThrow()
})

test('K-R20: a change is first written, then takes effect, then is answered', () => {
  const add: TransactionInput = { type: 'add-partitions', ...producer, partitions: [at(0)] }
  const [entry, effects] = step({ current: metadata, pending: null }, add, context)
  const to = {
    ...metadata,
    state: 'Ongoing',
    partitions: [at(0)],
    startedAt: 5000,
    updatedAt: 5000,
  }
  expect(entry).toEqual({
    current: metadata,
    pending: { type: 'append', to, answer: { ticket: 1, error: 'NONE' } },
  })
  expect(effects).toEqual([{ type: 'append', metadata: to }])
  const done = run(entry, { type: 'appended' })
  expect(done.entry).toEqual({ current: to, pending: null })
  expect(done.effects).toMatchObject([{ type: 'reply', ticket: 1, error: 'NONE' }])
})

test('K-R25: the decision is answered and the markers ordered in one step', () => {
  const current = { ...metadata, state: 'Ongoing', partitions: [at(0), at(1)] } as const
  const { entry, effects } = run(
    { current, pending: null },
    { type: 'end', ...producer, result: 'commit' },
    { type: 'appended' },
  )
  expect(effects.map(({ type }) => type)).toEqual(['append', 'reply', 'write-markers'])
  expect(entry?.pending).toMatchObject({ type: 'markers', missing: [at(0), at(1)] })
})

test('K-R26: the transaction is complete when every partition is marked, each once, in any order', () => {
  const current = { ...metadata, state: 'Ongoing', partitions: [at(0), at(1)] } as const
  const { entry } = run(
    { current, pending: null },
    { type: 'end', ...producer, result: 'abort' },
    { type: 'appended' },
    { type: 'marked', producerEpoch: 0, partition: at(1) },
    { type: 'marked', producerEpoch: 0, partition: at(1) },
  )
  expect(entry?.pending).toMatchObject({ type: 'markers', missing: [at(0)] })
  const done = run(
    entry,
    { type: 'marked', producerEpoch: 0, partition: at(0) },
    { type: 'appended' },
  )
  expect(done.entry).toMatchObject({
    current: { state: 'CompleteAbort', partitions: [] },
    pending: null,
  })
})

test('K-R26: a marker of a former epoch does not count for this transaction (KAFKA-16352)', () => {
  const current = { ...metadata, producerEpoch: 3, state: 'Ongoing', partitions: [at(0)] } as const
  const { entry } = run(
    { current, pending: null },
    { type: 'end', ...producer, producerEpoch: 3, result: 'commit' },
    { type: 'appended' },
    { type: 'marked', producerEpoch: 2, partition: at(0) },
  )
  expect(entry?.pending).toMatchObject({ missing: [at(0)] })
})

test('K-R22: the fence counts at once, before the abort is durable', () => {
  const current = { ...metadata, state: 'Ongoing', partitions: [at(0)], startedAt: 4500 } as const
  const { entry } = run({ current, pending: null }, init)
  expect(entry).toMatchObject({
    current: { state: 'Ongoing', producerEpoch: 1 },
    pending: { to: { state: 'PrepareAbort', producerEpoch: 1 } },
  })
  const late = run(entry, { type: 'end', ...producer, result: 'commit' })
  expect(late.effects).toMatchObject([{ type: 'reply', error: 'PRODUCER_FENCED' }])
  const durable = run(entry, { type: 'appended' })
  expect(durable.effects[0]).toEqual({
    type: 'reply',
    ticket: 9,
    error: 'CONCURRENT_TRANSACTIONS',
    producerId: -1,
    producerEpoch: -1,
  })
})

test('K-R22: when the epochs are used up a new producer id follows', () => {
  const current = { ...metadata, producerEpoch: 32_765 }
  const last = run({ current, pending: null }, init, { type: 'appended' })
  expect(last.entry?.current).toMatchObject({ producerId: 4, producerEpoch: 32_766 })
  const rotated = run(last.entry, init, { type: 'appended' })
  expect(rotated.entry?.current).toMatchObject({ producerId: 77, producerEpoch: 0 })
  expect(rotated.effects.at(-1)).toMatchObject({ error: 'NONE', producerId: 77, producerEpoch: 0 })
})

test('K-R22: the last epoch is left for fencing', () => {
  const used = { producerEpoch: 32_766, state: 'Ongoing', partitions: [at(0)] } as const
  const { entry } = run(
    { current: { ...metadata, ...used }, pending: null },
    init,
    { type: 'appended' },
    { type: 'marked', producerEpoch: 32_767, partition: at(0) },
    { type: 'appended' },
  )
  expect(entry?.current).toMatchObject({ state: 'CompleteAbort', producerEpoch: 32_767 })
  const rotated = run(entry, init, { type: 'appended' })
  expect(rotated.entry?.current).toMatchObject({ producerId: 77, producerEpoch: 0 })
})

test('K-R28: a transaction is timed out when more than its timeout has passed', () => {
  const current = { ...metadata, state: 'Ongoing', partitions: [at(0)], startedAt: 4000 } as const
  const young = run({ current, pending: null }, { type: 'timeout-check' })
  expect(young.effects).toEqual([])
  const old = run(
    { current: { ...current, startedAt: 3999 }, pending: null },
    { type: 'timeout-check' },
  )
  expect(old.effects).toMatchObject([{ type: 'append', metadata: { state: 'PrepareAbort' } }])
})

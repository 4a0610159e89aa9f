/** The bounded pool of transactional ids of one sink subtask. */
import { expect, test } from 'vitest'
import { KafkaClient } from '../../../engine/kafka/kafka-client.ts'
import {
  POOL_SIZE,
  transactionalId,
  TransactionPool,
} from '../../../engine/sink/transaction-pool.ts'
import { ClusterBroker } from '../cluster-broker.ts'
import { FakeRuntime } from '../fake-runtime.ts'

function pool(restored: readonly string[] = [], orphanIndexes: readonly number[] = []) {
  const runtime = new FakeRuntime()
  const broker = new ClusterBroker(runtime, { topics: [{ topic: 'out', partitions: 1 }] })
  const fenced: string[] = []
  const ready: number[] = []
  const made = new TransactionPool(
    {
      client: new KafkaClient(runtime, broker, 'pool'),
      topic: 'out',
      transactionTimeoutMs: 60_000,
      prefix: 'p',
      subtaskIndex: 2,
      orphanIndexes,
      onReady: () => ready.push(ready.length),
      onFenced: ({ transactionalId: id, producerEpoch }) => fenced.push(`${id}@${producerEpoch}`),
      onAcknowledged: () => undefined,
      onFailure: (reason) => {
        throw new Error(reason)
      },
    },
    new Set(restored),
  )
  return { pool: made, runtime, fenced, ready }
}

const ids = Array.from({ length: POOL_SIZE }, (_, slot) => `p-2-${slot}`)

test('the names are stable over restarts: prefix, subtask, slot', () => {
  expect(transactionalId('p', 2, 5)).toBe('p-2-5')
})

test('nothing can be taken before the broker has answered', () => {
  const { pool: empty, runtime } = pool()
  expect(empty.take()).toBeNull()
  expect(empty.isExhausted, 'ids are about to become free').toBe(false)
  runtime.advance(10)
  expect(empty.take()?.transactionalId).toBe('p-2-0')
})

test('every id is initialized once and can be taken once', () => {
  const { pool: full, runtime, fenced, ready } = pool()
  runtime.advance(10)
  expect(fenced).toEqual(ids.map((id) => `${id}@0`))
  expect(ready).toHaveLength(POOL_SIZE)
  expect(ids.map(() => full.take()?.transactionalId)).toEqual(ids)
  expect(full.take()).toBeNull()
  expect(full.isExhausted).toBe(true)
})

test('restored ids are left alone', () => {
  const { pool: rest, runtime, fenced } = pool(['p-2-0', 'p-2-3'])
  runtime.advance(10)
  expect(fenced).toEqual(['p-2-1@0', 'p-2-2@0', 'p-2-4@0', 'p-2-5@0'])
  expect(rest.take()?.transactionalId).toBe('p-2-1')
})

test('an id that is recycled comes back with a new epoch, behind the others', () => {
  const { pool: used, runtime, fenced } = pool()
  runtime.advance(10)
  ids.map(() => used.take())
  used.recycle('p-2-0')
  expect(used.isExhausted).toBe(false)
  runtime.advance(10)
  expect(fenced.at(-1)).toBe('p-2-0@1')
  expect(used.take()?.handle.producerEpoch).toBe(1)
})

test('ids of subtasks that are gone are fenced, but not used', () => {
  const { pool: both, runtime, fenced } = pool(['p-5-1'], [5])
  runtime.advance(10)
  expect(fenced.filter((id) => id.startsWith('p-5')).toSorted()).toEqual(
    [0, 2, 3, 4, 5].map((slot) => `p-5-${slot}@0`),
  )
  expect(ids.map(() => both.take()?.transactionalId)).toEqual(ids)
  expect(both.take()).toBeNull()
})

/** The workers that the job master knows. */
import { expect, test } from 'vitest'
import { millis, workerId } from '../../../engine/ids.ts'
import { WorkerRegistry } from '../../../engine/recovery/worker-registry.ts'

const worker = workerId('worker-1')
const registration = (incarnation: number) =>
  ({ type: 'register-worker', worker, incarnation, slots: 2 }) as const

test('a worker is silent when nothing was heard for longer than the timeout', () => {
  const registry = new WorkerRegistry()
  registry.add(registration(1), millis(0))
  expect(registry.silent(millis(100), 100)).toEqual([])
  expect(registry.silent(millis(101), 100)).toEqual([worker])
  registry.hear({ type: 'heartbeat', worker, incarnation: 1 }, millis(50))
  expect(registry.silent(millis(101), 100)).toEqual([])
})

test('a sign of life of another incarnation is none', () => {
  const registry = new WorkerRegistry()
  registry.add(registration(2), millis(0))
  registry.hear({ type: 'heartbeat', worker, incarnation: 1 }, millis(90))
  expect(registry.silent(millis(101), 100)).toEqual([worker])
})

test('a worker is replaced by another incarnation of itself, and by nothing else', () => {
  const registry = new WorkerRegistry()
  expect(registry.isReplaced(registration(1))).toBe(false)
  registry.add(registration(1), millis(0))
  expect(registry.isReplaced(registration(1))).toBe(false)
  expect(registry.isReplaced(registration(2))).toBe(true)
  registry.remove(worker)
  expect(registry.isReplaced(registration(2))).toBe(false)
  expect(registry.workers).toEqual([])
})

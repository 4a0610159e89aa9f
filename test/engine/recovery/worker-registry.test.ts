/** The workers that the job master knows. */
import { expect, test } from 'vitest'
import { millis, workerId } from '../../../engine/ids.ts'
import { WorkerRegistry } from '../../../engine/recovery/worker-registry.ts'

const worker = workerId('worker-1')
const heartbeat = (incarnation: number) =>
  ({ type: 'heartbeat', worker, incarnation, epoch: 1, beat: 1, hosted: [] }) as const
const registration = (incarnation: number) =>
  ({ type: 'register-worker', worker, incarnation, slots: 2 }) as const

test('a worker is silent when nothing was heard for longer than the timeout', () => {
  const registry = new WorkerRegistry()
  registry.add(registration(1), millis(0))
  expect(registry.silent(millis(100), 100)).toEqual([])
  expect(registry.silent(millis(101), 100)).toEqual([worker])
  expect(registry.hear(heartbeat(1), millis(50))).toBe(true)
  expect(registry.silent(millis(101), 100)).toEqual([])
})

test('a sign of life of another incarnation is none', () => {
  const registry = new WorkerRegistry()
  registry.add(registration(2), millis(0))
  expect(registry.hear(heartbeat(1), millis(90))).toBe(false)
  expect(registry.silent(millis(101), 100)).toEqual([worker])
})

test('a worker is replaced by another incarnation of itself, and by nothing else', () => {
  const registry = new WorkerRegistry()
  expect(registry.isReplaced(registration(1))).toBe(false)
  expect(registry.isKnown(registration(1))).toBe(false)
  registry.add(registration(1), millis(0))
  expect(registry.isReplaced(registration(1))).toBe(false)
  expect(registry.isKnown(registration(1))).toBe(true)
  expect(registry.isKnown(registration(2))).toBe(false)
  expect(registry.isReplaced(registration(2))).toBe(true)
  registry.remove(worker)
  expect(registry.isReplaced(registration(2))).toBe(false)
  expect(registry.workers).toEqual([])
})

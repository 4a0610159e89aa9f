/** Asynchronous calls in Node: the user's promises, in whole jobs. */
import { execFileSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import {
  collectSink,
  CollectedResults,
  ConfigurationError,
  defineJob,
  generatorSource,
} from '../../../engine/index.ts'
import type { AsyncOptions } from '../../../engine/index.ts'
import { runLocally } from '../../../engine/node/local-world.ts'
import type { UserServices } from '../../../engine/node/user-services.ts'

const COUNT = 60

async function results(
  call: Partial<AsyncOptions<number, number, number>>,
  services: UserServices,
): Promise<readonly number[]> {
  const collected = new CollectedResults<number>()
  const job = defineJob('Squares', { restart: { strategy: 'none' } }, (env) => {
    env
      .fromSource(generatorSource<number>(COUNT, (i) => i))
      .asyncWait<number, number>({
        order: 'ordered',
        service: 'square',
        result: (_, reply) => [reply],
        timeoutMs: 5000,
        capacity: 7,
        ...call,
      })
      .sinkTo(collectSink(collected))
  })
  expect(await runLocally(job, { services })).toBe('finished')
  return collected.values
}

const squares = Array.from({ length: COUNT }, (_, i) => i * i)

test('promises are awaited, as many at a time as there is room for, and in order', async () => {
  let running = 0
  let most = 0
  const square = async (n: number): Promise<number> => {
    running += 1
    most = Math.max(most, running)
    await sleep((n * 7) % 5)
    running -= 1
    return n * n
  }
  expect(await results({}, { square })).toEqual(squares)
  expect(most).toBe(7)
})

test('a value needs no promise', async () => {
  expect(await results({}, { square: (n: number) => n * n })).toEqual(squares)
})

test('what was rejected or thrown is asked again', async () => {
  const asked = new Map<number, number>()
  const square = (n: number): number | Promise<number> => {
    const times = (asked.get(n) ?? 0) + 1
    asked.set(n, times)
    if (n % 3 === 0 && times === 1) throw new Error('busy')
    return n % 3 === 1 && times < 3 ? Promise.reject(new Error('busy')) : n * n
  }
  expect(await results({ retry: { maxAttempts: 3 } }, { square })).toEqual(squares)
})

test('a call that nobody answers ends with its time', async () => {
  const square = (n: number): Promise<number> =>
    n === 5 ? new Promise(() => undefined) : Promise.resolve(n * n)
  const found = await results({ timeoutMs: 40, onTimeout: () => [-1] }, { square })
  expect(found).toEqual(squares.with(5, -1))
})

test('a job that waits for nothing but time keeps its process alive', () => {
  const engine = new URL('../../../engine/', import.meta.url).href
  const script = `
    import { defineJob, discardSink, generatorSource } from '${engine}index.ts'
    import { runLocally } from '${engine}node/local-world.ts'
    const call = { order: 'ordered', service: 'silent', result: () => [], onTimeout: () => [], timeoutMs: 50 }
    const job = defineJob('Waiting', {}, (env) => {
      env.fromSource(generatorSource(1, (i) => i)).asyncWait(call).sinkTo(discardSink())
    })
    console.log(await runLocally(job, { services: { silent: () => new Promise(() => undefined) } }))`
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', script])
  expect(output.toString()).toBe('finished\n')
})

test('a failed call fails a job that may not restart, and says why', async () => {
  const square = (): Promise<number> => Promise.reject(new RangeError('no'))
  await expect(results({}, { square })).rejects.toThrow(
    'The service "square" failed for the operator "asyncWait": RangeError: no.',
  )
})

test('a service that is not there is named before the job starts', async () => {
  await expect(results({}, {})).rejects.toThrow(ConfigurationError)
})

/** Simulated services, and jobs that call them while workers crash. */
import { describe, expect, test } from 'vitest'
import {
  ConfigurationError,
  defineJob,
  kafkaSink,
  kafkaSource,
  text,
} from '../../../engine/index.ts'
import type { AsyncOptions, Job } from '../../../engine/index.ts'
import type { ServiceReply } from '../../../engine/runtime.ts'
import type { History } from '../../../sim/history/history.ts'
import { simulate } from '../../../sim/simulate.ts'
import type { Plan } from '../../../sim/plan/plan.ts'
import { simulatedServicePort } from '../../../sim/world/simulated-services.ts'
import type { SimulatedServices } from '../../../sim/world/simulated-services.ts'
import { SmallWorld } from './small-world.ts'

function setup(services: SimulatedServices, seed = 1) {
  const small = new SmallWorld({}, seed)
  const { process } = small.start('worker-1')
  const port = simulatedServicePort(services, small.world, process)
  const replies: { readonly at: number; readonly reply: ServiceReply }[] = []
  const call = (service: string, request: unknown): void => {
    port.call(service, request, (reply) => replies.push({ at: small.world.now(), reply }))
  }
  return { small, process, port, call, replies }
}

const double = (request: unknown): number => Number(request) * 2

test('a service answers after its latency', () => {
  const { small, port, call, replies } = setup({
    double: { reply: double, latencyMs: 10, jitterMs: 5 },
  })
  expect([port.has('double'), port.has('triple'), port.has('toString')]).toEqual([
    true,
    false,
    false,
  ])
  for (let i = 0; i < 50; i++) call('double', i)
  small.run()
  expect(replies.map(({ reply }) => reply)).toHaveLength(50)
  const values = replies.map(({ reply }) => (reply.type === 'ok' ? reply.value : null))
  expect(new Set(values)).toEqual(new Set(Array.from({ length: 50 }, (_, i) => i * 2)))
  for (const { at } of replies) {
    expect(at).toBeGreaterThanOrEqual(10)
    expect(at).toBeLessThanOrEqual(15)
  }
  expect(new Set(replies.map(({ at }) => at)).size).toBeGreaterThan(10)
})

test('what it throws is a failed call', () => {
  const { small, call, replies } = setup({
    broken: () => {
      throw new RangeError('boom')
    },
  })
  call('broken', 1)
  small.run()
  expect(replies.map(({ reply }) => reply)).toEqual([
    { type: 'failed', reason: 'RangeError: boom' },
  ])
})

test('of its calls some fail and some are never answered, as many as were asked for', () => {
  const { small, call, replies } = setup({
    flaky: { reply: double, errorsPerThousand: 200, lostPerThousand: 300 },
  })
  for (let i = 0; i < 1000; i++) call('flaky', i)
  small.run()
  const failed = replies.filter(({ reply }) => reply.type === 'failed').length
  expect(replies.length).toBeGreaterThan(620)
  expect(replies.length).toBeLessThan(780)
  expect(failed / replies.length).toBeGreaterThan(0.14)
  expect(failed / replies.length).toBeLessThan(0.26)
})

test('neither side sees what the other one changes', () => {
  const kept: number[] = []
  const { small, call, replies } = setup({
    list: (request) => {
      ;(request as number[]).push(4)
      return kept
    },
  })
  const request = [1]
  call('list', request)
  kept.push(5)
  small.run()
  expect(request).toEqual([1])
  expect(replies.map(({ reply }) => reply)).toEqual([{ type: 'ok', value: [] }])
})

test('the dead are not answered', () => {
  const { small, process, call, replies } = setup({ double })
  call('double', 1)
  process.crash()
  small.run()
  expect(replies).toEqual([])
})

describe('a job', () => {
  const enriching = (call: Partial<AsyncOptions<string, string, string>> = {}): Job =>
    defineJob('Enrich', { checkpointing: { intervalMs: 200 } }, (env) => {
      env
        .fromSource(kafkaSource({ topics: ['lines'], groupId: 'enrich', value: text }))
        .map(({ value }) => value)
        .asyncWait<string, string>({
          order: 'ordered',
          service: 'lookup',
          result: (line, reply) => [`${line} ${reply}`],
          timeoutMs: 1000,
          capacity: 10,
          retry: { maxAttempts: 50, delayMs: 1 },
          onTimeout: (line) => [`${line} unknown`],
          ...call,
        })
        .sinkTo(kafkaSink({ topic: 'enriched', value: text, delivery: 'exactly-once' }))
    })

  const plan = (seed: number): Plan => ({
    v: 1,
    job: { builtin: 'traffic-statistics' },
    config: { parallelism: 2, inputDurationMs: 1500 },
    seed,
    input: { generator: 'traffic', params: {} },
    faults: [
      { kind: 'crash', on: 'worker-1', at: { t: 500 } },
      { kind: 'crash', on: 'worker-2', at: { point: 'snapshot-taken', nth: 5 } },
    ],
  })

  const lines = Array.from({ length: 120 }, (_, i) => `10.0.0.${i % 20},${i}`)
  const lookup = {
    reply: (line: unknown) => `<${String(line)}>`,
    latencyMs: 20,
    jitterMs: 30,
    errorsPerThousand: 100,
  }

  test.each(['ordered', 'unordered'] as const)(
    'gets each record out once, with its answer, whatever crashes (%s)',
    (order) => {
      for (const seed of [1, 2, 3]) {
        const result = simulate(enriching({ order }), plan(seed), { lines, services: { lookup } })
        expect(result.verdict).toEqual({ outcome: 'passed', violations: [] })
        expect(committed(result.history)).toEqual(
          lines.map((line) => `${line} <${line}>`).toSorted(),
        )
        expect(result.summary.recoveries.length).toBeGreaterThan(0)
      }
    },
  )

  test('does without the answers that are lost', () => {
    const services = { lookup: { ...lookup, lostPerThousand: 200 } }
    const result = simulate(enriching({ timeoutMs: 100 }), plan(1), {
      lines,
      services,
    })
    expect(result.verdict.outcome).toBe('passed')
    const found = committed(result.history)
    expect(found.map((each) => each.split(' ')[0])).toEqual(lines.toSorted())
    expect(found.filter((each) => each.endsWith('unknown')).length).toBeGreaterThan(5)
  })

  test('that calls a service which is not there is refused with one sentence', () => {
    expect(() => simulate(enriching(), plan(1), { lines })).toThrow(ConfigurationError)
    expect(() => simulate(enriching(), plan(1), { lines })).toThrow(
      'The operator "asyncWait" calls the service "lookup", which this run does not offer',
    )
  })
})

/** What readers of committed transactions find, sorted. */
function committed({ outputs }: History): string[] {
  const records = outputs.flatMap((partition) => partition.committed)
  return records.map(({ value }) => text.decode(value)).toSorted()
}

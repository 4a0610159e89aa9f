/** Whole jobs whose regions fail, whose messages are lost, whose links are severed. */
import { describe, expect, test } from 'vitest'
import { defineJob, discardSink, kafkaSink, kafkaSource, text } from 'weirstream'
import { Simulation } from 'weirstream/sim'
import type { Plan, SimulationResult, TraceEvent } from 'weirstream/sim'
import { runCampaign } from 'weirstream/testing'
import { SEED } from '../seeded.ts'

const sink = kafkaSink<string>({ topic: 'out', value: text, delivery: 'exactly-once' })

/** Two pipelines side by side, each of three subtasks. */
const pipelines = defineJob('Pipelines', { chaining: false, parallelism: 2 }, (env) => {
  const source = kafkaSource({ topics: ['in'], groupId: 'g', value: text })
  env
    .fromSource(source, { uid: 'read' })
    .map(({ value }) => value.toUpperCase(), { uid: 'shout' })
    .sinkTo(sink)
})

/** Another pipeline whose only tie to the first is the job. */
const separate = defineJob('Separate', { parallelism: 2 }, (env) => {
  const source = kafkaSource({ topics: ['in'], groupId: 'g', value: text })
  env
    .fromSource(source, { uid: 'read' })
    .keyBy(({ value }) => value)
    .process<string>(({ value }, context) => {
      context.collect(value)
    })
    .sinkTo(sink)
  env.fromSource(source, { uid: 'other' }).sinkTo(discardSink())
})

const PLAN: Plan = {
  v: 1,
  job: { builtin: 'test' },
  config: { checkpointIntervalMs: 250, inputDurationMs: 2000 },
  seed: 5,
  input: { file: 'lines', sha256: '' },
  faults: [],
}
const LINES = Array.from({ length: 80 }, (_, i) => `line ${i}`)

interface Run extends SimulationResult {
  readonly trace: readonly TraceEvent[]
}

function run(job: typeof pipelines, ...faults: Plan['faults']): Run {
  const simulation = new Simulation(job, { ...PLAN, faults }, { lines: LINES })
  return { ...simulation.run(), trace: simulation.trace }
}

function factsOf<T extends TraceEvent['type']>(
  { trace }: Run,
  type: T,
): Extract<TraceEvent, { type: T }>[] {
  return trace.filter((event): event is Extract<TraceEvent, { type: T }> => event.type === type)
}

describe('regions', () => {
  test('a subtask that fails takes its pipeline along, and leaves the other alone', () => {
    const result = run(pipelines, { kind: 'fail', on: 'shout/1', at: { t: 1000 } })
    expect(result.verdict.violations).toEqual([])
    const [restart, ...others] = factsOf(result, 'restart-started')
    expect(others).toEqual([])
    expect(restart?.subtasks.toSorted()).toEqual(['read/1', 'shout/1', 'sink/1'])
    const canceled = factsOf(result, 'subtask-status-changed')
      .filter(({ status }) => status === 'canceled')
      .map(({ subtask }) => subtask)
    expect(canceled).toHaveLength(2)
  })

  test('splits that were assigned since the checkpoint are given to the reader again', () => {
    // Before the first checkpoint: nothing that the reader was given is in one.
    const result = run(pipelines, {
      kind: 'fail',
      on: 'read/0',
      at: { point: 'split-assigned', nth: 2 },
    })
    expect(result.verdict.violations).toEqual([])
    expect(factsOf(result, 'restart-started')).toMatchObject([{ checkpoint: null }])
    expect(factsOf(result, 'split-assigned').map(({ subtask }) => subtask)).toHaveLength(3)
  })

  test('two that fail at the same time restart side by side', () => {
    const result = run(
      pipelines,
      { kind: 'fail', on: 'shout/0', at: { t: 1000 } },
      { kind: 'fail', on: 'read/1', at: { t: 1050 } },
    )
    expect(result.verdict.violations).toEqual([])
    expect(factsOf(result, 'restart-started')).toHaveLength(2)
    const statuses = factsOf(result, 'job-status-changed').map(({ status }) => status)
    expect(statuses.slice(0, 4)).toEqual(['created', 'running', 'restarting', 'running'])
  })

  test.each([pipelines, separate])('random plans: exactly once, and no hang', (job) => {
    const input = { generator: 'traffic', params: { records: 60 } } as const
    const { failure, faults } = runCampaign(job, { runs: 60, seed: SEED, input })
    expect(failure).toBeNull()
    expect(faults.fail.fired + faults.drop.fired + faults.sever.fired).toBeGreaterThan(0)
  })
})

describe('lost messages', () => {
  test.each([
    ['deploy', 'job-master', 'does not run it'],
    ['operator-event', 'job-master', 'did not confirm an event of its coordinator'],
    ['element', 'worker-1', 'The connection of channel'],
    ['connect-channel', 'worker-2', 'The connection of channel'],
  ] as const)('%s of %s: a restart that says "%s"', (message, on, reason) => {
    const result = run(separate, { kind: 'drop', message, on, at: { nth: 1 } })
    expect(result.verdict.violations).toEqual([])
    expect(factsOf(result, 'message-lost')).toHaveLength(1)
    expect(factsOf(result, 'restart-scheduled')[0]?.reason).toContain(reason)
  })

  test.each([
    ['register-worker', 'worker-1'],
    ['heartbeat', 'worker-1'],
    ['heartbeat-request', 'job-master'],
    ['notify-complete', 'job-master'],
    ['barrier-passed', 'worker-1'],
    ['subtask-status', 'worker-2'],
  ] as const)('%s of %s: made up for without a restart', (message, on) => {
    const result = run(separate, { kind: 'drop', message, on, at: { nth: 1 } })
    expect(result.verdict.violations).toEqual([])
    expect(factsOf(result, 'message-lost')).toHaveLength(1)
    expect(factsOf(result, 'restart-scheduled')).toEqual([])
  })

  test('a cancellation that is lost is repeated', () => {
    const result = run(
      separate,
      { kind: 'fail', on: 'read/0', at: { t: 900 } },
      { kind: 'drop', message: 'cancel', on: 'job-master', at: { nth: 1 }, count: 2 },
    )
    expect(result.verdict.violations).toEqual([])
    expect(factsOf(result, 'message-lost')).toHaveLength(2)
    expect(factsOf(result, 'restart-started')).toHaveLength(1)
  })
})

describe('severed links', () => {
  test('a worker that the master does not hear is lost, notices, and comes back', () => {
    const fault = { kind: 'sever', on: 'worker-1', to: 'job-master', at: { t: 800 }, forMs: 900 }
    const result = run(separate, { ...fault, kind: 'sever' })
    expect(result.verdict.violations).toEqual([])
    expect(factsOf(result, 'worker-lost')).toHaveLength(1)
    expect(factsOf(result, 'worker-crashed')).toEqual([])
    const registered = factsOf(result, 'worker-registered')
    expect(registered.filter(({ worker }) => worker === 'worker-1')).toHaveLength(2)
  })

  test('for a short while: heartbeats are missed, nobody is lost', () => {
    const result = run(pipelines, {
      kind: 'sever',
      on: 'worker-1',
      to: 'job-master',
      at: { t: 800 },
      forMs: 150,
      isOneWay: true,
    })
    expect(result.verdict.violations).toEqual([])
    expect(factsOf(result, 'worker-lost')).toEqual([])
    expect(result.faults).toMatchObject([{ outcome: 'fired' }])
  })

  test('between workers that say nothing to each other: without effect', () => {
    const fault = { kind: 'sever', on: 'worker-1', to: 'worker-2', at: { t: 800 } } as const
    expect(run(pipelines, fault).faults).toMatchObject([{ outcome: 'no-effect' }])
    expect(run(separate, fault).faults).toMatchObject([{ outcome: 'fired' }])
  })
})

describe('a job master that dies', () => {
  test.each([
    'checkpoint-triggered',
    'checkpoint-acknowledged',
    'checkpoint-completed',
    'transaction-prepared',
    'completion-received',
    'transaction-state-changed',
    'split-assigned',
    'subtask-status-changed',
  ] as const)('right after the first %s: the next one goes on, exactly once', (point) => {
    for (const restartAfterMs of [0, 2000]) {
      const fault = {
        kind: 'crash',
        on: 'job-master',
        at: { point, nth: 1 },
        restartAfterMs,
      } as const
      const result = run(separate, fault)
      expect(result.verdict.violations).toEqual([])
      expect(factsOf(result, 'master-started').map(({ epoch }) => epoch)).toEqual([1, 2])
    }
  })

  test('while the job restarts, and again before it runs', () => {
    const result = run(
      separate,
      { kind: 'fail', on: '*', at: { t: 700 } },
      { kind: 'crash', on: 'job-master', at: { point: 'restart-scheduled', nth: 1 } },
      {
        kind: 'crash',
        on: 'job-master',
        at: { point: 'master-started', nth: 2 },
        restartAfterMs: 0,
      },
      {
        kind: 'crash',
        on: 'worker-1',
        at: { point: 'master-started', nth: 3 },
        restartAfterMs: 50,
      },
    )
    expect(result.verdict.violations).toEqual([])
    expect(factsOf(result, 'master-started').map(({ epoch }) => epoch)).toEqual([1, 2, 3])
  })

  test('its workers give up what it deployed, and register again', () => {
    const result = run(separate, { kind: 'crash', on: 'job-master', at: { t: 1000 } })
    const [takeover] = factsOf(result, 'restart-started')
    expect(takeover).toMatchObject({ restart: 0, checkpoint: expect.any(Number) })
    const before = factsOf(result, 'worker-registered').filter(
      ({ seq }) => seq < (takeover?.seq ?? 0),
    )
    expect(before).toHaveLength(4)
    expect(factsOf(result, 'worker-lost')).toEqual([])
  })
})

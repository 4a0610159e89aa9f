/** Plans as JSON: what is accepted comes back as it was, what is not gets one sentence. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ConfigurationError } from '../../../engine/errors.ts'
import { MUTANTS } from '../../../engine/mutants.ts'
import { FACT_TYPES, REQUEST_TYPES } from '../../../sim/plan/names.ts'
import {
  checkMutant,
  checkPlan,
  encodePlan,
  mutantNames,
  parsePlan,
} from '../../../sim/plan/parse-plan.ts'
import { workersOf } from '../../../sim/plan/plan.ts'
import { faultPlan } from '../../../sim/testing/fault-plan.ts'
import { seeded } from '../../seeded.ts'

const plan = {
  v: 1,
  job: { builtin: 'traffic-statistics' },
  config: { parallelism: 2 },
  seed: 7,
  input: { generator: 'traffic', params: { records: 10 } },
  faults: [
    { kind: 'crash', on: 'worker-1', at: { t: 5 }, restartAfterMs: 100 },
    { kind: 'delay', on: 'job-master', request: 'metadata', at: { nth: 1 }, delayMs: 5 },
  ],
  mutant: 'flush-omitted',
}

/** The plan with the value at a path (`faults.0.at.t`) replaced; undefined removes it. */
function changed(path: string, value: unknown): unknown {
  const copy = JSON.parse(JSON.stringify(plan)) as Record<string, unknown>
  const names = path.split('.')
  const last = names.pop() ?? ''
  let target = copy
  for (const name of names) target = target[name] as Record<string, unknown>
  if (value === undefined) Reflect.deleteProperty(target, last)
  else target[last] = value
  return copy
}

test('for every plan, what is parsed is what was encoded', () => {
  fc.assert(
    fc.property(faultPlan({ faultsMax: 6, mutant: 'abort-on-restore' }), (generated) => {
      expect(parsePlan(encodePlan(generated))).toEqual(generated)
    }),
    seeded(200),
  )
})

test('all forms of a plan are accepted', () => {
  expect(checkPlan(plan)).toEqual(plan)
  for (const [path, value] of [
    ['job', { module: './job.ts', sha256: 'abc' }],
    ['input', { file: 'access.log', sha256: 'abc' }],
    ['mutant', undefined],
    ['config', {}],
    ['config.inputPartitioning', 'by-key'],
    ['config.changelog', 'kafka'],
    ['faults', []],
    ['faults.0.at', { point: 'checkpoint-completed', nth: 3 }],
    ['faults.0.at.t', 12.345],
    ['faults.0.restartAfterMs', undefined],
    ['faults.1.at', { t: 0 }],
    ['faults.1.kind', 'lose-response'],
    ['faults.1.delayMs', undefined],
  ] as const) {
    expect(checkPlan(changed(path, value)), path).toEqual(changed(path, value))
  }
})

describe('a bad value of a field gets one sentence', () => {
  const records = 'input.params.records'
  test.each([
    ['v', 2, 'v is 2; it must be 1.'],
    [
      'config.changelog',
      'redis',
      'config.changelog is "redis"; it must be "none", "storage" or "kafka".',
    ],
    ['v', undefined, 'v is missing; it must be 1.'],
    ['extra', 1, 'the plan has the unknown field "extra"; allowed are v, job, config, seed'],
    ['job', 'traffic', 'job is "traffic"; it must be a JSON object.'],
    ['job', {}, 'job.module is missing; it must be a text that is not empty.'],
    ['job.builtin', '', 'job.builtin is ""; it must be a text that is not empty.'],
    ['job.module', 'x', 'job has the unknown field "module"; allowed are builtin.'],
    ['config', undefined, 'config is missing; it must be a JSON object.'],
    ['config', [], 'config is []; it must be a JSON object.'],
    ['config.parallelism', 0, 'config.parallelism is 0; it must be a whole number from 1 to 128.'],
    ['config.parallelism', 1.5, 'config.parallelism is 1.5; it must be a whole number'],
    ['config.parallelism', '2', 'config.parallelism is "2"; it must be a whole number'],
    ['config.checkpointIntervalMs', 9, 'it must be a whole number from 10 to 3600000.'],
    ['config.workers', 65, 'config.workers is 65; it must be a whole number from 1 to 64.'],
    ['config.heartbeatIntervalMs', 0, 'config.heartbeatIntervalMs is 0; it must be'],
    ['config.heartbeatTimeoutMs', -1, 'config.heartbeatTimeoutMs is -1; it must be'],
    ['config.restartDelayMs', -1, 'config.restartDelayMs is -1; it must be'],
    ['config.inputPartitions', 0, 'config.inputPartitions is 0; it must be'],
    ['config.outputPartitions', 129, 'config.outputPartitions is 129; it must be'],
    ['config.inputDurationMs', 0, 'config.inputDurationMs is 0; it must be'],
    ['config.recordMicros', -1, 'config.recordMicros is -1; it must be'],
    [
      'config.inputPartitioning',
      'random',
      'config.inputPartitioning is "random"; it must be "round-robin" or "by-key".',
    ],
    ['config.alignedTimeoutMs', -1, 'config.alignedTimeoutMs is -1; it must be'],
    ['config.unaligned', 1, 'config.unaligned is 1; it must be true or false.'],
    [
      'config.checkpointMode',
      'exactly once',
      'config.checkpointMode is "exactly once"; it must be "exactly-once" or "at-least-once".',
    ],
    ['config.intervalMs', 5, 'config has the unknown field "intervalMs"; allowed are parallelism,'],
    ['seed', -1, 'seed is -1; it must be a whole number from 0 to 4294967295.'],
    ['seed', undefined, 'seed is missing; it must be a whole number'],
    ['input', null, 'input is null; it must be a JSON object.'],
    ['input.generator', 5, 'input.generator is 5; it must be a text that is not empty.'],
    ['input.params', undefined, 'input.params is missing; it must be a JSON object.'],
    [records, -1, `${records} is -1; it must be a whole number from 0 to`],
    ['input.file', 'x', 'input has the unknown field "generator"; allowed are file, sha256.'],
    ['actions', {}, 'actions is {}; it must be a list.'],
    ['actions', ['stop'], 'actions[0] is "stop"; it must be a JSON object.'],
    [
      'actions',
      [{ kind: 'pause', at: { t: 1 } }],
      'actions[0].kind is "pause"; it must be one of savepoint, stop, rescale, cancel.',
    ],
    ['actions', [{ kind: 'stop' }], 'actions[0].at is missing; it must be a JSON object.'],
    [
      'actions',
      [{ kind: 'rescale', at: { t: 1 }, parallelism: 0 }],
      'actions[0].parallelism is 0; it must be a whole number from 1 to 128.',
    ],
    [
      'actions',
      [{ kind: 'stop', at: { t: 1 }, drain: 'yes' }],
      'actions[0].drain is "yes"; it must be true or false.',
    ],
    [
      'actions',
      [{ kind: 'cancel', at: { t: 1 }, parallelism: 2 }],
      'actions[0] has the unknown field "parallelism"; allowed are kind, at.',
    ],
    ['faults', {}, 'faults is {}; it must be a list.'],
    ['faults.0', 'crash', 'faults[0] is "crash"; it must be a JSON object.'],
    [
      'faults.0.kind',
      'explode',
      'faults[0].kind is "explode"; it must be "crash", "fail", "sever", "drop", "compact", "delay", "duplicate" or "lose-response".',
    ],
    [
      'faults.0.on',
      'worker-3',
      'faults[0].on is "worker-3"; it must be one of worker-1, worker-2, job-master.',
    ],
    ['faults.0.at', undefined, 'faults[0].at is missing; it must be a JSON object.'],
    ['faults.0.at.t', -1, 'faults[0].at.t is -1; it must be a time in ms from 0 to 86400000.'],
    ['faults.0.at.t', '5', 'faults[0].at.t is "5"; it must be a time in ms'],
    ['faults.0.at.nth', 1, 'faults[0].at has the unknown field "nth"; allowed are t.'],
    [
      'faults.0.at',
      { point: 'now', nth: 1 },
      'faults[0].at.point is "now"; it must be one of job-status',
    ],
    [
      'faults.0.at',
      { point: 'buffer-sent', nth: 1 },
      'faults[0].at.point is "buffer-sent"; it must be',
    ],
    [
      'faults.0.at',
      { point: 'input-finished' },
      'faults[0].at.nth is missing; it must be a whole number',
    ],
    ['faults.0.restartAfterMs', -1, 'faults[0].restartAfterMs is -1; it must be'],
    ['faults.0.delayMs', 1, 'faults[0] has the unknown field "delayMs"; allowed are kind, on, at,'],
    [
      'faults.1.on',
      'broker',
      'faults[1].on is "broker"; it must be one of worker-1, worker-2, job-master.',
    ],
    [
      'faults.1.request',
      'get',
      'faults[1].request is "get"; it must be one of metadata, find-coord',
    ],
    ['faults.1.at', { nth: 0 }, 'faults[1].at.nth is 0; it must be a whole number from 1 to'],
    ['faults.1.at.point', 'x', 'faults[1].at has the unknown field "point"; allowed are nth.'],
    [
      'faults.1.delayMs',
      600_001,
      'faults[1].delayMs is 600001; it must be a whole number from 0 to 600000.',
    ],
    ['mutant', 'evil', 'mutant is "evil"; it must be one of barrier-not-aligned, '],
  ])('%s: %j', (path, value, sentence) => {
    const check = (): unknown => checkPlan(changed(path, value))
    expect(check).toThrow(ConfigurationError)
    expect(check).toThrow(
      `In the plan, ${sentence.replace(/^it must/, `${path} is ${JSON.stringify(value)}; it must`)}`,
    )
  })

  test('which ends with a full stop and stands on one line', () => {
    try {
      checkPlan(changed('seed', 'x'))
      expect.unreachable()
    } catch (error) {
      expect(error).toMatchObject({ code: 'bad-plan' })
      expect(String(error)).toMatch(/^ConfigurationError: [^\n]+\.$/)
    }
  })
})

test('every kind of fault is read as it is written', () => {
  const faults = [
    { kind: 'fail', on: '*/0', at: { point: 'barrier-injected', nth: 2 } },
    { kind: 'sever', on: 'worker-1', to: 'job-master', at: { t: 7 }, forMs: 20, isOneWay: true },
    { kind: 'sever', on: 'worker-1', to: 'worker-2', at: { t: 7 } },
    { kind: 'drop', message: 'element', on: 'worker-1', to: 'worker-2', at: { nth: 3 }, count: 2 },
    { kind: 'drop', message: 'deploy', on: 'job-master', at: { t: 8 } },
    { kind: 'compact', on: 'changelog-*', at: { t: 9 } },
  ] as const
  expect(checkPlan({ ...plan, faults }).faults).toEqual(faults)
})

test.each([
  [
    { kind: 'fail', on: '', at: { t: 1 } },
    'faults[0].on is ""; it must be a text that is not empty',
  ],
  [
    { kind: 'sever', on: 'worker-1', to: 'worker-1', at: { t: 1 } },
    'faults[0].to is "worker-1"; it must be one of worker-2, job-master',
  ],
  [
    { kind: 'sever', on: 'worker-1', to: 'worker-2', at: { t: 1 }, isOneWay: 1 },
    'faults[0].isOneWay is 1; it must be true or false',
  ],
  [
    { kind: 'drop', message: 'channel-broken', on: 'worker-1', at: { nth: 1 } },
    'faults[0].message is "channel-broken"; it must be one of heartbeat-request,',
  ],
  [
    { kind: 'drop', message: 'credit', on: 'worker-1', at: { nth: 1 }, count: 0 },
    'faults[0].count is 0; it must be a whole number from 1 to 1000',
  ],
])('a fault on messages or links that cannot be is refused: %j', (fault, sentence) => {
  expect(() => checkPlan({ ...plan, faults: [fault] })).toThrow(sentence)
})

test('the workers of a fault are those of the configuration', () => {
  const withThree = { ...plan, config: { workers: 3 } }
  const onThree = [{ kind: 'crash', on: 'worker-3', at: { t: 1 } }]
  expect(checkPlan({ ...withThree, faults: onThree }).faults).toEqual(onThree)
  expect(() => checkPlan({ ...withThree, config: { workers: 2 }, faults: onThree })).toThrow(
    'worker-3',
  )
  expect(workersOf({})).toEqual(['worker-1', 'worker-2'])
})

test.each(['', '{', 'null', '[]', '7'])('%j is no plan', (text) => {
  expect(() => parsePlan(text)).toThrow(ConfigurationError)
  expect(() => parsePlan(text)).toThrow(/^(In the plan, t|T)he plan is [^\n]+\.$/)
})

test('mutants are known by name', () => {
  expect(mutantNames()).toEqual(Object.keys(MUTANTS))
  expect(checkMutant('abort-on-restore')).toBe('abort-on-restore')
  expect(() => checkMutant('toString')).toThrow('mutant is "toString"; it must be one of')
})

test('a fault can wait for every fact of the control level, and for no other', () => {
  expect(FACT_TYPES).toContain('checkpoint-completed')
  expect(FACT_TYPES).not.toContain('buffer-sent')
  expect(FACT_TYPES).not.toContain('run-ended')
  expect(new Set(FACT_TYPES).size).toBe(FACT_TYPES.length)
  expect(REQUEST_TYPES).toHaveLength(12)
})

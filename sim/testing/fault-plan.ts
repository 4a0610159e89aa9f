/**
 * fast-check arbitraries for plans. Map-free, so that a counterexample shrinks even when it comes from a file or a URL;
 * sizes are explicit, because fast-check's default never goes beyond ten elements.
 */
import fc from 'fast-check'
import type { Arbitrary } from 'fast-check'
import type { MutantName } from '../../engine/mutants.ts'
import type { RequestType } from '../../engine/kafka/protocol.ts'
import type { Job } from '../../engine/job/define-job.ts'
import type { FactType } from '../../engine/trace.ts'
import { planActions } from './plan-actions.ts'
import { hasEventTime } from '../event-time.ts'
import { defaultInput, findInputSize } from '../workload/workload.ts'
import type { InputSize } from '../workload/workload.ts'
import type {
  CompactFault,
  CrashFault,
  DropFault,
  FailFault,
  Fault,
  FaultMoment,
  Plan,
  PlanConfig,
  PlanInput,
  PlanJob,
  RequestFault,
  SentMessage,
  SeverFault,
} from '../plan/plan.ts'

/** Protocol steps at which a crash is most likely to hurt: the interesting half of all crashes happens there. */
const CRASH_POINTS: readonly FactType[] = [
  'checkpoint-triggered',
  'barrier-injected',
  'barrier-received',
  'channel-state-captured',
  'alignment-timed-out',
  'snapshot-taken',
  'transaction-prepared',
  'snapshot-stored',
  'checkpoint-acknowledged',
  'checkpoint-completed',
  'completion-received',
  'transaction-state-changed',
  'transaction-committed',
  'marker-appended',
  'restore-started',
  'channel-state-restored',
  'split-restored',
  'split-caught-up',
  'transaction-fenced',
  // Right after a request was delayed, repeated or unanswered: what is under way outlives its sender.
  'fault-fired',
  'fault-fired',
  'fault-fired',
]

const REQUESTS: readonly RequestType[] = [
  'produce',
  'end-txn',
  'add-partitions-to-txn',
  'fetch',
  'offset-commit',
  'find-coordinator',
  'metadata',
]

const MASTER_SAYS: readonly SentMessage[] = [
  'heartbeat-request',
  'deploy',
  'cancel',
  'trigger-checkpoint',
  'notify-complete',
  'notify-aborted',
  'operator-event',
]

const WORKERS_SAY: readonly SentMessage[] = [
  'register-worker',
  'heartbeat',
  'subtask-status',
  'acknowledge-checkpoint',
  'decline-checkpoint',
  'operator-event-acknowledged',
  'reader-event',
  'input-ended',
  'barrier-passed',
]

const SUBTASKS_SAY: readonly SentMessage[] = [
  'connect-channel',
  'channel-unavailable',
  'element',
  'credit',
]

export interface PlanArbitraryOptions {
  readonly job?: PlanJob
  readonly input?: PlanInput
  readonly mutant?: MutantName
  /** Default 4. */
  readonly faultsMax?: number
}

/** What plans for a job have in common. */
export interface PlanShape extends PlanArbitraryOptions {
  /** Makes the input when none is given. */
  readonly generator?: string
  readonly size?: InputSize
  readonly hasEventTime?: boolean
  /** Then there are no checkpoints to go on from. */
  readonly isBatch?: boolean
}

/** The options, with the generator that feeds what the job reads unless an input is given. */
export function shapeFor(job: Job, options: PlanArbitraryOptions): PlanShape {
  const input = defaultInput(job)
  const isBatch = (job.options.runtimeMode ?? 'streaming') !== 'streaming'
  const timed = { ...options, hasEventTime: hasEventTime(job.graph), isBatch }
  if (options.input !== undefined || !('generator' in input)) return timed
  const { generator } = input
  const size = findInputSize(generator)
  return generator === 'traffic' || size === undefined ? timed : { ...timed, generator, size }
}

const DURATIONS_MS = [1500, 3000] as const
const TIME_MAX_MS = 3500

/** Plans of this slice: any configuration, any input, up to four faults of every kind. */
export function faultPlan(options: PlanShape = {}): Arbitrary<Plan> {
  const job = options.job ?? { builtin: 'traffic-statistics' }
  return fc.record<Plan>(
    {
      v: fc.constant<1>(1),
      job: fc.constant(job),
      config: planConfig(options.hasEventTime ?? false),
      seed: fc.nat({ max: 0xffff }),
      input: options.input === undefined ? someInput(options) : fc.constant(options.input),
      faults: faults(options.faultsMax ?? 4),
      ...(options.isBatch === true ? {} : { actions: planActions(options.hasEventTime ?? false) }),
      ...(options.mutant === undefined ? {} : { mutant: fc.constant(options.mutant) }),
    },
    {
      noNullPrototype: true,
      requiredKeys: options.mutant === undefined ? REQUIRED : [...REQUIRED, 'mutant'],
    },
  )
}

/** Most without: what else there is must not be seen less. */
const CHANGELOGS = ['none', 'none', 'storage', 'kafka'] as const
/** Every plan has these; every other one has actions as well. */
const REQUIRED: ('v' | 'job' | 'config' | 'seed' | 'input' | 'faults' | 'mutant')[] = [
  'v',
  'job',
  'config',
  'seed',
  'input',
  'faults',
]

/** With event time no subtask of a source may be without a partition: without watermarks of its own it stops all time. */
function planConfig(hasTime: boolean): Arbitrary<PlanConfig> {
  return fc.record(
    {
      parallelism: fc.integer({ min: 1, max: 3 }),
      checkpointIntervalMs: fc.constantFrom(250, 500, 1000),
      workers: fc.constant(2),
      inputPartitions: fc.integer(hasTime ? { min: 3, max: 4 } : { min: 1, max: 3 }),
      outputPartitions: fc.integer({ min: 1, max: 2 }),
      inputPartitioning: fc.constantFrom('round-robin' as const, 'by-key' as const),
      inputDurationMs: fc.constantFrom(...DURATIONS_MS),
      recordMicros: fc.constantFrom(0, 100, 1000, 5000),
      unaligned: fc.boolean(),
      // With 30 some barriers wait long enough and some do not.
      alignedTimeoutMs: fc.constantFrom(0, 0, 30),
      stateBackend: fc.constantFrom('heap' as const, 'lsm' as const),
      incremental: fc.boolean(),
      localRecovery: fc.boolean(),
      changelog: fc.constantFrom(...CHANGELOGS),
      materializeIntervalMs: fc.constantFrom(300, 700, 2000),
    },
    { noNullPrototype: true },
  )
}

/** Small: what a generator plants is always there. */
function someInput({ generator, size }: PlanShape): Arbitrary<PlanInput> {
  if (generator === undefined || size === undefined) return trafficInput()
  const { parameter, usual, small } = size
  const fixed = Object.entries(small).map(([name, value]) => [name, fc.constant(value)] as const)
  const params = {
    ...Object.fromEntries(fixed),
    [parameter]: fc.integer({ min: 1, max: Math.ceil(usual / 8) }),
  }
  return fc.record(
    {
      generator: fc.constant(generator),
      params: fc.record(params, { noNullPrototype: true }),
    },
    { noNullPrototype: true },
  )
}

function trafficInput(): Arbitrary<PlanInput> {
  return fc.record(
    {
      generator: fc.constant('traffic'),
      params: fc.record(
        {
          records: fc.integer({ min: 20, max: 500 }),
          // With few keys some subtask has more to do than others, and records wait for it.
          addresses: fc.oneof(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 3 })),
          malformedPerMille: fc.constantFrom(0, 30),
        },
        { noNullPrototype: true },
      ),
    },
    { noNullPrototype: true },
  )
}

/** Swarm: some plans have faults of one kind only, others of several, some of all (design 5, drivers). */
function faults(max: number): Arbitrary<Fault[]> {
  const sized = { minLength: 1, maxLength: max, size: 'max' as const }
  return fc.oneof(
    { arbitrary: fc.array<Fault>(fc.oneof(crashFault(), compactFault()), sized), weight: 1 },
    { arbitrary: fc.array<Fault>(crashFault(), sized), weight: 2 },
    { arbitrary: fc.array<Fault>(requestFault(), sized), weight: 2 },
    { arbitrary: fc.array<Fault>(fc.oneof(crashFault(), requestFault()), sized), weight: 3 },
    { arbitrary: fc.array<Fault>(messageFault(), sized), weight: 2 },
    { arbitrary: fc.array<Fault>(fc.oneof(failFault(), severFault()), sized), weight: 1 },
    { arbitrary: fc.array<Fault>(anyFault(), sized), weight: 2 },
    { arbitrary: lateRequestOfTheDead('worker-1'), weight: 1 },
    { arbitrary: lateRequestOfTheDead('worker-2'), weight: 1 },
  )
}

/** A request is held up, its sender dies at once and comes back at once: it arrives when a successor is at work. */
function lateRequestOfTheDead(worker: string): Arbitrary<Fault[]> {
  return fc.tuple<Fault[]>(
    fc.record<RequestFault>(
      {
        kind: fc.constant('delay'),
        on: fc.constant(worker),
        request: fc.constantFrom('produce', 'add-partitions-to-txn', 'end-txn'),
        at: fc.record({ nth: fc.integer({ min: 1, max: 20 }) }, { noNullPrototype: true }),
        delayMs: fc.integer({ min: 200, max: 400 }),
      },
      { noNullPrototype: true },
    ),
    fc.record<CrashFault>(
      {
        kind: fc.constant('crash'),
        on: fc.constant(worker),
        at: fc.constant({ point: 'fault-fired', nth: 1 }),
        restartAfterMs: fc.constant(0),
      },
      { noNullPrototype: true },
    ),
  )
}

function anyFault(): Arbitrary<Fault> {
  return fc.oneof<Arbitrary<Fault>[]>(
    crashFault(),
    requestFault(),
    failFault(),
    severFault(),
    messageFault(),
    compactFault(),
  )
}

/** Without effect where no changelog is in Kafka. */
function compactFault(): Arbitrary<CompactFault> {
  return fc.record(
    { kind: fc.constant('compact' as const), on: fc.constant('*'), at: faultMoment() },
    { noNullPrototype: true },
  )
}

/** A time or a protocol point. */
function faultMoment(): Arbitrary<FaultMoment> {
  return fc.oneof(
    fc.record({ t: fc.integer({ min: 0, max: TIME_MAX_MS }) }, { noNullPrototype: true }),
    fc.record(
      { point: fc.constantFrom(...CRASH_POINTS), nth: fc.integer({ min: 1, max: 12 }) },
      { noNullPrototype: true },
    ),
  )
}

/** Index by index: whether the first or the last of a vertex fails makes a difference to regions. */
function failFault(): Arbitrary<FailFault> {
  return fc.record(
    {
      kind: fc.constant('fail' as const),
      on: fc.constantFrom('*', '*/0', '*/1', '*/2'),
      at: faultMoment(),
    },
    { noNullPrototype: true },
  )
}

/** Longer than the heartbeat timeout, or not. */
function severFault(): Arbitrary<SeverFault> {
  return fc.constantFrom<(readonly [string, string])[]>(...LINKS).chain(([on, to]) =>
    fc.record(
      {
        kind: fc.constant('sever' as const),
        on: fc.constant(on),
        to: fc.constant(to),
        at: faultMoment(),
        forMs: fc.constantFrom(5, 60, 300, 900),
        isOneWay: fc.boolean(),
      },
      { noNullPrototype: true },
    ),
  )
}

const LINKS: readonly (readonly [string, string])[] = [
  ['job-master', 'worker-1'],
  ['worker-2', 'job-master'],
  ['worker-1', 'worker-2'],
]

/** One to three messages of a kind are lost, of whoever sends such. */
function messageFault(): Arbitrary<DropFault> {
  return fc.oneof(
    dropFault(fc.constant('job-master'), MASTER_SAYS, 8),
    dropFault(fc.constantFrom('worker-1', 'worker-2'), WORKERS_SAY, 8),
    dropFault(fc.constantFrom('worker-1', 'worker-2'), SUBTASKS_SAY, 40),
  )
}

function dropFault(
  on: Arbitrary<string>,
  messages: readonly SentMessage[],
  nthMax: number,
): Arbitrary<DropFault> {
  return fc.record(
    {
      kind: fc.constant('drop' as const),
      message: fc.constantFrom(...messages),
      on,
      at: fc.oneof(
        fc.record({ nth: fc.integer({ min: 1, max: nthMax }) }, { noNullPrototype: true }),
        fc.record({ t: fc.integer({ min: 0, max: TIME_MAX_MS }) }, { noNullPrototype: true }),
      ),
      count: fc.integer({ min: 1, max: 3 }),
    },
    { noNullPrototype: true },
  )
}

export function crashFault(): Arbitrary<CrashFault> {
  return fc.record(
    {
      kind: fc.constant('crash' as const),
      on: fc.constantFrom('worker-1', 'worker-2', 'worker-1', 'worker-2', 'job-master'),
      at: faultMoment(),
      restartAfterMs: fc.constantFrom(0, 50, 300, 1000),
    },
    { noNullPrototype: true },
  )
}

/**
 * InitProducerId is repeated at once or left unanswered, never late: a late one of a dead process fences its successor,
 * and transaction version 1 has no protection against that (decision 8).
 */
export function requestFault(): Arbitrary<RequestFault> {
  return fc.oneof(
    requestFaultOn(fc.constantFrom(...REQUESTS), 400),
    requestFaultOn(fc.constant('init-producer-id'), 0),
  )
}

function requestFaultOn(
  request: Arbitrary<RequestType>,
  delayMax: number,
): Arbitrary<RequestFault> {
  return fc.record(
    {
      kind: fc.constantFrom('delay' as const, 'duplicate' as const, 'lose-response' as const),
      on: fc.constantFrom('worker-1', 'worker-2'),
      request,
      at: fc.oneof(
        fc.record({ nth: fc.integer({ min: 1, max: 20 }) }, { noNullPrototype: true }),
        fc.record({ t: fc.integer({ min: 0, max: TIME_MAX_MS }) }, { noNullPrototype: true }),
      ),
      delayMs: fc.integer({ min: 0, max: delayMax }),
    },
    { noNullPrototype: true },
  )
}

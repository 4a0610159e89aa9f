/** Arbitrary facts about the small topology of trace-builder.ts, one arbitrary for every kind of fact. */
import fc from 'fast-check'
import { attemptId, checkpointId, millis } from '../../engine/ids.ts'
import type { Fact, FactType, TraceEvent } from '../../engine/trace.ts'
import { CHANNELS, SOURCES, SUMS, WORKERS } from './trace-builder.ts'

const checkpoint = fc.integer({ min: 1, max: 4 }).map(checkpointId)
const attempt = fc.integer({ min: 1, max: 3 }).map(attemptId)
const worker = fc.constantFrom(...WORKERS)
const subtask = fc.constantFrom(...SOURCES, ...SUMS)
const channel = fc.constantFrom(...CHANNELS)
const small = fc.nat(20)
const text = fc.constantFrom('', 'because')
const place = { topic: fc.constantFrom('in', 'out', 'elsewhere'), partition: fc.nat(1) }
const producer = { producerId: fc.integer({ min: -1, max: 3 }), producerEpoch: fc.nat(2) }
const transaction = { transactionalId: fc.constantFrom('out-0', 'out-1', 'other'), ...producer }
const stable = { highWatermark: small, lastStableOffset: small }
const kind = fc.constantFrom('checkpoint', 'savepoint', 'stop', 'drain', 'final')
const alignment = fc.constantFrom('at-least-once', 'aligned', 'unaligned')
const metrics = fc.record({
  startDelayMs: small,
  alignmentMs: small,
  syncMs: small,
  asyncMs: small,
  processedBytes: small,
  persistedBytes: small,
  isUnaligned: fc.boolean(),
})
const split = { subtask, ...place, offset: small }

type Shape<T extends FactType> = {
  readonly [K in Exclude<keyof Extract<Fact, { type: T }>, 'type'>]: fc.Arbitrary<
    Extract<Fact, { type: T }>[K]
  >
}

/** The fields of every fact; a new FactType does not compile until it has a line. */
const SHAPES: { readonly [T in FactType]: Shape<T> } = {
  'job-status-changed': {
    status: fc.constantFrom('running', 'restarting', 'failed'),
    reason: text,
  },
  'worker-registered': { worker, slots: small },
  'worker-lost': { worker, reason: text },
  'subtask-status-changed': {
    subtask,
    attempt,
    worker,
    status: fc.constantFrom('deploying', 'initializing', 'running', 'canceled', 'failed'),
    reason: text,
  },
  'restart-scheduled': { delayMs: small, restart: small, reason: text },
  'restart-started': {
    restart: small,
    checkpoint: fc.option(checkpoint),
    subtasks: fc.array(subtask, { maxLength: 2 }),
  },
  'checkpoint-triggered': { checkpoint, kind, alignment },
  'checkpoint-skipped': { reason: text },
  'checkpoint-acknowledged': {
    checkpoint,
    subtask,
    attempt,
    sizeBytes: small,
    writtenBytes: small,
    metrics,
  },
  'checkpoint-declined': { checkpoint, subtask, reason: text },
  'checkpoint-completed': {
    checkpoint,
    kind,
    location: text,
    sizeBytes: small,
    writtenBytes: small,
    durationMs: small,
  },
  'checkpoint-aborted': { checkpoint, reason: text },
  'checkpoint-subsumed': { checkpoint },
  'completion-received': { checkpoint, subtask },
  'abortion-received': { checkpoint, subtask },
  'barrier-injected': { checkpoint, subtask },
  'barrier-sent': { checkpoint, channel, alignment },
  'barrier-received': { checkpoint, channel },
  'channel-blocked': { checkpoint, channel },
  'channel-unblocked': { checkpoint, channel },
  'snapshot-taken': {
    checkpoint,
    subtask,
    startDelayMs: small,
    alignmentMs: small,
    records: small,
  },
  'snapshot-stored': { checkpoint, subtask, sizeBytes: small },
  'alignment-timed-out': { checkpoint, subtask },
  'channel-state-captured': {
    checkpoint,
    subtask,
    channel,
    end: fc.constantFrom('input', 'output'),
    count: small,
  },
  'checkpoint-unreadable': { checkpoint, reason: text, fallback: fc.option(checkpoint) },
  'changelog-appended': { checkpoint, subtask, count: small, sizeBytes: small },
  'state-materialized': { subtask, sizeBytes: small },
  'state-downloaded': { subtask, checkpoint, sizeBytes: small, localBytes: small },
  'channel-state-restored': { subtask, checkpoint, count: small },
  'master-started': { epoch: small, checkpoint: fc.option(checkpoint) },
  'job-submitted': {
    parallelism: small,
    location: fc.option(text),
    checkpoint: fc.option(checkpoint),
  },
  'master-crashed': { incarnation: small },
  'message-lost': { from: worker, to: worker, message: text },
  'restore-started': { subtask, checkpoint },
  'state-restored': { subtask, checkpoint, sizeBytes: small, keyCount: small },
  'split-assigned': split,
  'split-restored': split,
  'subtask-progressed': { subtask, attempt, records: small, isIdle: fc.boolean() },
  'split-progressed': { ...split, lag: small },
  'split-caught-up': split,
  'group-offset-committed': { groupId: fc.constant('g'), ...place, offset: small },
  'transaction-opened': { subtask, ...transaction },
  'transaction-prepared': { subtask, checkpoint, ...transaction },
  'transaction-committed': { subtask, checkpoint, isRecommit: fc.boolean(), ...transaction },
  'transaction-fenced': { subtask, ...transaction },
  'batch-appended': {
    ...place,
    baseOffset: small,
    count: fc.integer({ min: 1, max: 5 }),
    ...producer,
    isTransactional: fc.boolean(),
    ...stable,
  },
  'marker-appended': {
    ...place,
    offset: small,
    ...producer,
    result: fc.constantFrom('commit', 'abort'),
    ...stable,
  },
  'transaction-state-changed': {
    ...transaction,
    state: fc.constantFrom('Empty', 'Ongoing', 'PrepareCommit', 'CompleteCommit', 'PrepareAbort'),
  },
  'producer-fenced': { ...transaction, request: fc.constant('produce') },
  'duplicate-recognized': { ...place, producerId: producer.producerId, baseOffset: small },
  'worker-started': { worker, incarnation: small },
  'worker-crashed': { worker, incarnation: small },
  'fault-fired': { fault: fc.nat(2), kind: fc.constant('crash'), on: worker, phase: text },
  'input-finished': {},
  'run-ended': { reason: text },
  'line-printed': { subtask, line: text },
  'watermark-advanced': { subtask, watermark: fc.option(small) },
  'buffer-sent': {
    channel,
    element: small,
    attempt,
    count: fc.integer({ min: 1, max: 3 }),
    origins: fc.array(fc.record({ ...place, offset: small }), { maxLength: 3, size: 'max' }),
  },
  'buffer-received': { channel, element: small, attempt, queued: small },
  'records-fetched': { ...split, count: small, lag: small },
  'records-processed': { subtask, count: small },
  'state-updated': { subtask, operator: text, key: text, value: text },
}

function isFactType(name: string): name is FactType {
  return name in SHAPES
}

export const FACT_TYPES: readonly FactType[] = Object.keys(SHAPES).filter(isFactType)

/** A fact of this type. */
export function factOf(type: FactType): fc.Arbitrary<Fact> {
  // The table pairs types and shapes; the compiler cannot follow the pair through an index.
  return fc.record({ type: fc.constant(type), ...SHAPES[type] }) as unknown as fc.Arbitrary<Fact>
}

/** A trace of up to `maxLength` facts, some of them at the same instant. */
export function traceOf(maxLength: number): fc.Arbitrary<TraceEvent[]> {
  const fact = fc.oneof(...FACT_TYPES.map(factOf))
  return fc.array(fc.tuple(fact, fc.nat(3)), { maxLength, size: 'max' }).map((facts) => {
    let at = 0
    return facts.map(([value, gapMs], seq): TraceEvent => {
      at += gapMs
      return { ...value, seq, at: millis(at), cause: seq - 1 }
    })
  })
}

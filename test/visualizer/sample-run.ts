/**
 * A small run written by hand: two checkpoints, a crash of worker-1 in the second half, restore and catch-up.
 * Stands in for the simulator where a test needs a trace that it knows by heart.
 */
import { attemptId, checkpointId } from '../../engine/ids.ts'
import type { TraceEvent } from '../../engine/trace.ts'
import { CHANNELS, SOURCES, SUMS, TraceBuilder, WORKERS } from './trace-builder.ts'
import { NO_METRICS } from '../engine/snapshot-handles.ts'

const [SOURCE_0, SOURCE_1] = SOURCES

/** Times of the sample's landmarks. */
export const SAMPLE = {
  crashAt: 1736,
  detectedAt: 1900,
  runningAt: 2100,
  caughtUpAt: 2400,
  endAt: 3300,
}
const RECORD_EVERY_MS = 20

export function sampleRun(): TraceEvent[] {
  const trace = new TraceBuilder()
  deploy(trace, 1, 10)
  feed(trace)
  read(trace, { from: 100, until: SAMPLE.crashAt, firstOffset: 0, attempt: 1 })
  checkpoint(trace, 1, 500, 25)
  checkpoint(trace, 2, 1500, 75)
  crash(trace)
  read(trace, { from: SAMPLE.runningAt, until: 3200, firstOffset: 70, attempt: 2 })
  checkpoint(trace, 3, 2700, 100)
  trace.add(SAMPLE.endAt, { type: 'run-ended', reason: '' })
  return trace.events()
}

function deploy(trace: TraceBuilder, attempt: number, at: number): void {
  for (const worker of attempt === 1 ? WORKERS : []) {
    trace.add(0, { type: 'worker-started', worker, incarnation: 1 })
    trace.add(2, { type: 'worker-registered', worker, slots: 2 })
  }
  ;[...SOURCES, ...SUMS].forEach((subtask, index) => {
    const worker = WORKERS[index % 2] ?? WORKERS[0]
    for (const [delay, status] of [
      [0, 'deploying'],
      [5, 'initializing'],
      [20, 'running'],
    ] as const)
      trace.add(at + delay, {
        type: 'subtask-status-changed',
        subtask,
        attempt: attemptId(attempt),
        worker,
        status,
        reason: '',
      })
  })
  trace.add(at + 21, { type: 'job-status-changed', status: 'running', reason: '' })
  if (attempt > 1) return
  SOURCES.forEach((subtask, partition) =>
    trace.add(at + 22, { type: 'split-assigned', subtask, topic: 'in', partition, offset: 0 }),
  )
  SUMS.forEach((subtask, index) =>
    trace.add(at + 23, {
      type: 'transaction-opened',
      subtask,
      transactionalId: `out-${index}`,
      producerId: index + 1,
      producerEpoch: 0,
    }),
  )
}

function feed(trace: TraceBuilder): void {
  for (let offset = 0; offset < 140; offset++)
    for (const partition of [0, 1])
      trace.add(20 + offset * RECORD_EVERY_MS, {
        type: 'batch-appended',
        topic: 'in',
        partition,
        baseOffset: offset,
        count: 1,
        producerId: -1,
        producerEpoch: -1,
        isTransactional: false,
        highWatermark: offset + 1,
        lastStableOffset: offset + 1,
      })
}

interface Reading {
  readonly from: number
  readonly until: number
  readonly firstOffset: number
  readonly attempt: number
}

/** Every source sends what is there as buffers of five records, alternating between the sums. */
function read(trace: TraceBuilder, { from, until, firstOffset, attempt }: Reading): void {
  SOURCES.forEach((subtask, partition) => {
    let offset = firstOffset
    for (let turn = 0; offset + 5 <= 140; turn++) {
      const at = Math.max(from + turn * 20, 30 + (offset + 5) * RECORD_EVERY_MS) + partition * 3
      if (at >= until) break
      const channel = CHANNELS[partition * 2 + (turn % 2)] ?? CHANNELS[0]
      if (channel === undefined) break
      const common = { channel, element: turn, attempt: attemptId(attempt) }
      trace.add(at - 1, {
        type: 'records-fetched',
        subtask,
        topic: 'in',
        partition,
        offset,
        count: 5,
        lag: Math.max(0, Math.floor((at - 20) / RECORD_EVERY_MS) - offset),
      })
      const origins = [0, 1, 2, 3, 4].map((i) => ({ topic: 'in', partition, offset: offset + i }))
      trace.add(at, { type: 'buffer-sent', ...common, count: 5, origins })
      trace.add(at + 12, { type: 'buffer-received', ...common, queued: 1 })
      offset += 5
    }
  })
}

function checkpoint(trace: TraceBuilder, id: number, at: number, offset: number): void {
  const checkpoint = checkpointId(id)
  trace.add(at, {
    type: 'checkpoint-triggered',
    checkpoint,
    kind: 'checkpoint',
    alignment: 'aligned',
  })
  CHANNELS.forEach((channel, index) => {
    const isSlow = index >= 2
    const sentAt = at + (isSlow ? 30 : 5)
    trace.add(sentAt, { type: 'barrier-sent', checkpoint, channel, alignment: 'aligned' })
    trace.add(sentAt + 15, { type: 'barrier-received', checkpoint, channel })
    if (isSlow) return
    trace.add(sentAt + 15, { type: 'channel-blocked', checkpoint, channel })
    trace.add(at + 46, { type: 'channel-unblocked', checkpoint, channel })
  })
  trace.add(at + 4, { type: 'barrier-injected', checkpoint, subtask: SOURCE_0 })
  trace.add(at + 29, { type: 'barrier-injected', checkpoint, subtask: SOURCE_1 })
  ;[...SOURCES, ...SUMS].forEach((subtask, index) => {
    const takenAt = at + ([6, 31, 47, 47][index] ?? 0)
    const sizeBytes = 400
    trace.add(takenAt, {
      type: 'snapshot-taken',
      checkpoint,
      subtask,
      startDelayMs: 1,
      alignmentMs: index > 1 ? 25 : 0,
      records: 0,
    })
    trace.add(takenAt + 20, { type: 'snapshot-stored', checkpoint, subtask, sizeBytes })
    trace.add(takenAt + 22, {
      type: 'checkpoint-acknowledged',
      checkpoint,
      subtask,
      attempt: attemptId(1),
      sizeBytes,
      writtenBytes: sizeBytes,
      metrics: NO_METRICS,
    })
  })
  trace.add(at + 80, {
    type: 'checkpoint-completed',
    checkpoint,
    kind: 'checkpoint',
    location: `chk-${id}/_metadata`,
    sizeBytes: 1600,
    writtenBytes: 1600,
    durationMs: 80,
  })
  SUMS.forEach((_, index) => commit(trace, id, at, index))
  SOURCES.forEach((_, partition) =>
    trace.add(at + 90, {
      type: 'group-offset-committed',
      groupId: 'g',
      topic: 'in',
      partition,
      offset,
    }),
  )
}

/** What the sum wrote since the last checkpoint, its pre-commit and its marker: 10 offsets a checkpoint. */
function commit(trace: TraceBuilder, id: number, at: number, index: number): void {
  const subtask = SUMS[index] ?? SUMS[0]
  const ref = { transactionalId: `out-${index}`, producerId: index + 1, producerEpoch: 0 }
  const base = (id - 1) * 10
  trace.add(at - 60, {
    type: 'batch-appended',
    topic: 'out',
    partition: index,
    baseOffset: base,
    count: 9,
    producerId: ref.producerId,
    producerEpoch: 0,
    isTransactional: true,
    highWatermark: base + 9,
    lastStableOffset: base,
  })
  trace.add(at + 48, {
    type: 'transaction-prepared',
    subtask,
    checkpoint: checkpointId(id),
    ...ref,
  })
  trace.add(at + 84, { type: 'transaction-state-changed', ...ref, state: 'PrepareCommit' })
  trace.add(at + 86, {
    type: 'marker-appended',
    topic: 'out',
    partition: index,
    offset: base + 9,
    producerId: ref.producerId,
    producerEpoch: 0,
    result: 'commit',
    highWatermark: base + 10,
    lastStableOffset: base + 10,
  })
  trace.add(at + 88, {
    type: 'transaction-committed',
    subtask,
    checkpoint: checkpointId(id),
    isRecommit: false,
    ...ref,
  })
  trace.add(at + 89, { type: 'transaction-opened', subtask, ...ref })
}

function crash(trace: TraceBuilder): void {
  const { crashAt, detectedAt, runningAt, caughtUpAt } = SAMPLE
  const worker = WORKERS[0]
  const restored = checkpointId(2)
  trace.add(crashAt, { type: 'fault-fired', fault: 0, kind: 'crash', on: worker, phase: 'idle' })
  trace.add(crashAt, { type: 'worker-crashed', worker, incarnation: 1 })
  trace.add(crashAt + 50, { type: 'worker-started', worker, incarnation: 2 })
  trace.add(detectedAt, { type: 'worker-lost', worker, reason: 'no heartbeat for 170 ms' })
  trace.add(detectedAt + 1, {
    type: 'job-status-changed',
    status: 'restarting',
    reason: 'worker lost',
  })
  trace.add(detectedAt + 60, { type: 'worker-registered', worker, slots: 2 })
  trace.add(detectedAt + 70, {
    type: 'restart-started',
    restart: 1,
    checkpoint: restored,
    subtasks: [...SOURCES, ...SUMS],
  })
  deploy(trace, 2, runningAt - 30)
  ;[...SOURCES, ...SUMS].forEach((subtask) => {
    trace.add(runningAt - 24, {
      type: 'restore-started',
      subtask,
      checkpoint: restored,
    })
    trace.add(runningAt - 12, {
      type: 'state-restored',
      subtask,
      checkpoint: restored,
      sizeBytes: 400,
      keyCount: 7,
    })
  })
  SOURCES.forEach((subtask, partition) => {
    trace.add(runningAt - 11, {
      type: 'split-restored',
      subtask,
      topic: 'in',
      partition,
      offset: 70,
    })
    trace.add(caughtUpAt + partition, {
      type: 'split-caught-up',
      subtask,
      topic: 'in',
      partition,
      offset: 115,
    })
  })
}

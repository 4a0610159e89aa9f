/** Unaligned checkpoints of one subtask: what overtakes what, what is in the snapshot, and what comes back. */
import { describe, expect, test } from 'vitest'
import { decodeChannelState } from '../../../engine/checkpoint/channel-state-format.ts'
import { decodeSnapshotObject } from '../../../engine/checkpoint/snapshot-format.ts'
import type { RestoreInstruction } from '../../../engine/checkpoint/snapshot-handle.ts'
import { BUFFER_RECORDS_MAX } from '../../../engine/element.ts'
import { OUTPUT_QUEUE_MAX } from '../../../engine/exchange/output-channel.ts'
import { checkpointId } from '../../../engine/ids.ts'
import type { CheckpointingOptions } from '../../../engine/job/job-options.ts'
import { decodeKeyGroup } from '../../../engine/state/decode-key-group.ts'
import type { Numbered } from '../small-jobs.ts'
import { Hosting, PATIENCE_MS } from './hosting.ts'

function host(checkpointing: Partial<CheckpointingOptions> = { unaligned: true }): Hosting {
  const hosting = new Hosting({ checkpointing: { intervalMs: 1000, ...checkpointing } })
  hosting.deploy().connect().reports()
  return hosting
}

/** The records in flight of the last acknowledged snapshot, as `input source/0: k=1 k=2`. */
function inFlight(hosting: Hosting): string[] {
  const { channels } = hosting.acknowledged
  if (channels === null) return []
  const bytes = hosting.storage.objects.get(channels.key) ?? new Uint8Array()
  const parts = decodeChannelState(bytes, channels.checksum)
  if (typeof parts === 'string') throw new Error(parts)
  return parts.map(({ end, producer, producerIndex, consumer, consumerIndex, buffers }) => {
    const other = end === 'input' ? `${producer}/${producerIndex}` : `${consumer}/${consumerIndex}`
    const shown = buffers
      .flatMap(({ values }) => values)
      .map((value) => `${(value as Numbered).key}=${(value as Numbered).n}`)
    return `${end} ${other}: ${shown.join(' ')}`
  })
}

/** The sums that the last acknowledged snapshot holds. */
function sums(hosting: Hosting): string[] {
  const key = hosting.acknowledged.keyed?.exclusive[0]?.key ?? ''
  const segments = decodeSnapshotObject(hosting.storage.objects.get(key) ?? new Uint8Array())
  if (typeof segments === 'string') throw new Error(segments)
  return segments
    .flatMap(({ bytes }) => decodeKeyGroup(bytes))
    .filter(({ state }) => state === 'sum.sum')
    .flatMap(({ entries }) => entries.map((entry) => `${String(entry.key)}=${String(entry.value)}`))
    .toSorted()
}

/** What a new attempt restores from the last acknowledged snapshot. */
function instructionFrom({ acknowledged }: Hosting): RestoreInstruction {
  const { keyed, channels, operators } = acknowledged
  return {
    checkpoint: checkpointId(1),
    keyed: keyed === null ? [] : [keyed],
    channels: channels === null ? [] : [channels],
    operators,
  }
}

const full = Array.from({ length: BUFFER_RECORDS_MAX }, () => 'k=1').join(' ')

describe('the snapshot', () => {
  test('is taken at the receipt of the first barrier, and holds what is queued in front of it', () => {
    const hosting = host()
    hosting.deliver('a k=1')
    hosting.deliverLater('a k=2')
    hosting.deliverLater('b k=4')
    hosting.deliverLater('a|u1')
    expect(hosting.left()).toEqual(['k=1', '|u1'])
    hosting.runtime.advance(20)
    expect(hosting.reports()).toEqual([])
    hosting.deliver('b k=8', 'b|u1')
    hosting.runtime.advance(20)
    expect(sums(hosting)).toEqual(['k=1'])
    expect(inFlight(hosting)).toEqual(['input source/0: k=2', 'input source/1: k=4 k=8'])
  })

  test('does not hold what comes behind a barrier, and all of it is processed meanwhile, in order', () => {
    const hosting = host()
    hosting.deliverLater('a k=1')
    hosting.deliverLater('a|u1')
    hosting.deliver('a k=2', 'b k=4', 'b|u1', 'b k=8')
    hosting.runtime.advance(20)
    expect(hosting.calls.mapped.at(-1)).toBe('k=15')
    expect(inFlight(hosting)).toEqual(['input source/0: k=1', 'input source/1: k=4'])
    expect(sums(hosting)).toEqual([])
  })

  test('holds the rest of a buffer in whose middle the output was full, and the output with it', () => {
    const hosting = new Hosting({ checkpointing: { intervalMs: 1000, unaligned: true } }).deploy()
    hosting.deliver('a x=0')
    for (let i = 0; i < OUTPUT_QUEUE_MAX; i++) hosting.deliver(`a ${full}`)
    hosting.deliverLater('b k=5')
    const processed = hosting.calls.mapped.length
    hosting.deliver('a|u1', 'b|u1')
    hosting.runtime.advance(20)
    const state = inFlight(hosting)
    const count = (text: string | undefined) => (text ?? '').split(' ').length - 2
    expect(state.map((part) => part.split(':')[0])).toEqual([
      'input source/0',
      'input source/1',
      'output after/0',
    ])
    expect(count(state[0])).toBe(1 + OUTPUT_QUEUE_MAX * BUFFER_RECORDS_MAX - processed)
    expect(count(state[1])).toBe(1)
    expect(count(state[2])).toBe(processed)
    // It leaves first when the consumer connects.
    hosting.connect(0)
    expect(hosting.left()).toEqual(['|u1'])
  })

  test('holds nothing when nothing was in flight, and then there is no object', () => {
    const hosting = host().deliver('a k=1').deliver('a|u1', 'b|u1')
    hosting.runtime.advance(20)
    expect(hosting.acknowledged.channels).toBeNull()
    expect(hosting.acknowledged.metrics).toMatchObject({ isUnaligned: true, persistedBytes: 0 })
  })

  test('says how much was in flight, how long the barriers took, and how much was processed meanwhile', () => {
    const hosting = host()
    hosting.deliverLater('a k=1 k=2')
    hosting.deliver('a|u1')
    hosting.runtime.advance(30)
    hosting.deliver('b|u1')
    hosting.runtime.advance(20)
    const { channels, metrics } = hosting.acknowledged
    expect(metrics.alignmentMs).toBe(30)
    expect(metrics.startDelayMs).toBe(20)
    expect(metrics.processedBytes).toBeGreaterThan(10)
    expect(metrics.persistedBytes).toBeGreaterThan(10)
    expect(channels?.sizeBytes).toBeGreaterThan(metrics.persistedBytes)
    expect(hosting.runtime.factsOf('channel-state-captured')).toEqual([
      {
        type: 'channel-state-captured',
        checkpoint: 1,
        subtask: 'sum/0',
        channel: 'source/0>sum/0',
        end: 'input',
        count: 2,
      },
    ])
  })

  test('is given up when the checkpoint is canceled or aborted before the last barrier', () => {
    for (const giveUp of ['b|u1x', 'abort'] as const) {
      const hosting = host()
      hosting.deliverLater('b k=1')
      hosting.deliver('a|u1')
      if (giveUp === 'abort') hosting.abort(1)
      else hosting.deliver('bx1')
      hosting.deliver('b|u1')
      hosting.runtime.advance(20)
      const declined = giveUp === 'abort' ? [] : ['decline 1: canceled upstream']
      expect(hosting.reports()).toEqual(declined)
      expect([...hosting.storage.objects.keys()]).toEqual([])
    }
  })

  test('cannot be had of a record that no snapshot can hold: the subtask fails with the reason', () => {
    const hosting = host()
    hosting.deliverLater('a k=1')
    const poisoned = hosting.deployment.inputs[1]
    if (poisoned === undefined) throw new Error('There are two inputs.')
    hosting.worker.receive({
      type: 'element',
      channel: poisoned.channel,
      attempt: hosting.deployment.attempt,
      sequence: 0,
      element: {
        type: 'records',
        values: [() => 1],
        timestamps: [0],
        hashes: [1],
        origins: null,
      },
    })
    hosting.deliver('a|u1')
    expect(hosting.reports()[0]).toContain(
      'failed: ConfigurationError: The binary serializer cannot',
    )
  })
})

describe('an aligned barrier that may time out', () => {
  test('is aligned as usual when the others come in time', () => {
    const hosting = host({ unaligned: true, alignedTimeoutMs: PATIENCE_MS })
    hosting.deliver('a|t1', 'b k=1', 'b|t1')
    hosting.runtime.advance(20)
    expect(inFlight(hosting)).toEqual([])
    expect(hosting.left()).toEqual(['k=1', '|1'])
    expect(hosting.acknowledged.metrics.isUnaligned).toBe(false)
    hosting.runtime.advance(PATIENCE_MS)
    expect(hosting.runtime.factsOf('alignment-timed-out')).toEqual([])
  })

  test('overtakes when it is too old: what the others bring until their barriers is in flight', () => {
    const hosting = host({ unaligned: true, alignedTimeoutMs: PATIENCE_MS })
    hosting.deliver('a k=1', 'a|t1').deliver('b k=2')
    hosting.deliverLater('a k=4')
    hosting.runtime.advance(PATIENCE_MS)
    expect(hosting.runtime.factsOf('alignment-timed-out')).toHaveLength(1)
    expect(hosting.left()).toEqual(['k=1', 'k=3', '|u1'])
    hosting.deliver('b k=8', 'b|u1')
    hosting.runtime.advance(20)
    expect(sums(hosting)).toEqual(['k=3'])
    expect(inFlight(hosting)).toEqual(['input source/1: k=8'])
    // The channel that was blocked goes on behind its barrier.
    expect(hosting.calls.mapped.at(-1)).toBe('k=15')
  })

  test('is fetched out of the queue: what stands behind it there is not in flight', () => {
    const hosting = new Hosting({
      checkpointing: { intervalMs: 1000, unaligned: true, alignedTimeoutMs: PATIENCE_MS },
    }).deploy()
    // The output is full, so that nothing is polled any more.
    hosting.deliver('a x=0')
    for (let i = 0; i < OUTPUT_QUEUE_MAX; i++) hosting.deliver(`a ${full}`)
    const processed = hosting.calls.mapped.length
    hosting.deliver('b k=2', 'b|t1', 'b k=4', 'a|t1')
    hosting.runtime.advance(PATIENCE_MS)
    hosting.runtime.advance(20)
    expect(hosting.calls.mapped).toHaveLength(processed)
    expect(inFlight(hosting)[1]).toBe('input source/1: k=2')
  })

  test('waits in the output as well, and overtakes there when it is too old', () => {
    const hosting = new Hosting({
      checkpointing: { intervalMs: 1000, unaligned: true, alignedTimeoutMs: PATIENCE_MS },
    }).deploy()
    hosting.deliver('a k=1', 'a|t1', 'b|t1')
    hosting.runtime.advance(100)
    expect(hosting.reports()).toEqual(['initializing', 'running'])
    hosting.runtime.advance(PATIENCE_MS)
    hosting.runtime.advance(20)
    expect(inFlight(hosting)).toEqual(['output after/0: k=1'])
    hosting.connect()
    expect(hosting.left()).toEqual(['|u1', 'k=1'])
  })

  test('does not wait for its time when the output takes it', () => {
    const hosting = new Hosting({
      checkpointing: { intervalMs: 1000, unaligned: true, alignedTimeoutMs: PATIENCE_MS },
    }).deploy()
    hosting.deliver('a k=1', 'a|t1', 'b|t1')
    hosting.runtime.advance(100)
    hosting.connect()
    hosting.runtime.advance(20)
    expect(inFlight(hosting)).toEqual([])
    expect(hosting.left()).toEqual(['k=1', '|1'])
  })
})

test('barriers that an edge forced into line become unaligned again behind the subtask', () => {
  const hosting = host()
  hosting.deliver('a k=1', 'a|f1').deliver('b k=2')
  expect(hosting.left()).toEqual(['k=1', 'k=3'])
  hosting.deliver('b|f1')
  expect(hosting.left()).toEqual(['|u1'])
})

test('with both kinds of edges the unaligned barrier triggers, and what comes in line is in flight until its own', () => {
  const hosting = host()
  hosting.deliver('a k=1', 'b k=2')
  hosting.deliverLater('b k=4')
  hosting.deliverLater('a|u1')
  hosting.deliverLater('b k=8')
  hosting.deliverLater('b|f1')
  hosting.deliver('b k=16')
  hosting.runtime.advance(20)
  expect(sums(hosting)).toEqual(['k=3'])
  expect(inFlight(hosting)).toEqual(['input source/1: k=4 k=8'])
  expect(hosting.calls.mapped.at(-1)).toBe('k=31')
})

test('at-least-once never blocks: what a fast channel brings behind its barrier is in the snapshot', () => {
  const hosting = host({ mode: 'at-least-once' })
  hosting.deliver('a|1', 'a k=1', 'b k=2', 'b|1', 'b k=4')
  hosting.runtime.advance(20)
  expect(sums(hosting)).toEqual(['k=3'])
  expect(hosting.runtime.factsOf('channel-blocked')).toEqual([])
})

describe('a restore', () => {
  test('processes what was in flight before it runs, asks for data only then, and keeps the order', () => {
    const hosting = host()
    hosting.deliver('a k=1')
    hosting.deliverLater('a k=2')
    hosting.deliverLater('a|u1')
    hosting.deliver('b k=4', 'b|u1')
    hosting.runtime.advance(20)
    const restore = instructionFrom(hosting)
    hosting.calls.mapped.length = 0
    hosting.messages('connect-channel', 'credit')
    hosting.deploy('sum/0', restore)
    expect(hosting.calls.mapped).toEqual(['k=3', 'k=7'])
    expect(hosting.reports().slice(-2)).toEqual(['initializing', 'running'])
    expect(hosting.messages('connect-channel')).toHaveLength(2)
    expect(hosting.runtime.factsOf('channel-state-restored')).toEqual([
      { type: 'channel-state-restored', subtask: 'sum/0', checkpoint: 1, count: 2 },
    ])
  })

  test('waits while the output is full, and runs when the consumer has taken what is in front', () => {
    const hosting = new Hosting({ checkpointing: { intervalMs: 1000, unaligned: true } }).deploy()
    hosting.deliver('a x=0')
    for (let i = 0; i < OUTPUT_QUEUE_MAX + 2; i++) hosting.deliver(`a ${full}`)
    hosting.deliver('a|u1', 'b|u1')
    hosting.runtime.advance(20)
    const restore = instructionFrom(hosting)
    for (let i = 0; i < 2; i++) hosting.deliver(`a ${full}`)
    const { channels } = restore
    // Twice the same records: more than the output takes.
    hosting.reports()
    hosting.deploy('sum/0', { ...restore, channels: [...channels, ...channels, ...channels] })
    expect(hosting.reports().at(-1)).toBe('initializing')
    hosting.connect(1)
    for (let i = 0; i < 12; i++) hosting.credit(1)
    expect(hosting.reports()).toEqual(['running'])
  })

  test('fails with one sentence when the records in flight are damaged or gone', () => {
    const hosting = host()
    hosting.deliverLater('a k=2')
    hosting.deliver('a|u1', 'b|u1')
    hosting.runtime.advance(20)
    const restore = instructionFrom(hosting)
    const [object] = restore.channels
    if (object === undefined) throw new Error('Something was in flight.')
    const bytes = hosting.storage.objects.get(object.key) ?? new Uint8Array()
    hosting.storage.objects.set(object.key, bytes.subarray(0, -1))
    hosting.reports()
    hosting.deploy('sum/0', restore)
    expect(hosting.reports().at(-1)).toBe(
      `failed: The records in flight ${object.key} of checkpoint 1 are corrupt: it ends in the middle of channel source/0>sum/0.`,
    )
    hosting.storage.objects.delete(object.key)
    hosting.deploy('sum/0', restore)
    expect(hosting.reports().at(-1)).toContain('cannot be read: there is no such object')
  })
})

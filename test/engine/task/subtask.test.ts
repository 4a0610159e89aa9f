/** One attempt of a subtask: its life, its input, its barriers, its snapshots. */
import { describe, expect, test } from 'vitest'
import {
  decodeSnapshotObject,
  encodeSnapshotObject,
  snapshotChecksum,
} from '../../../engine/checkpoint/snapshot-format.ts'
import { BUFFER_RECORDS_MAX } from '../../../engine/element.ts'
import { OUTPUT_QUEUE_MAX } from '../../../engine/exchange/output-channel.ts'
import { attemptId, checkpointId } from '../../../engine/ids.ts'
import { decodeKeyGroup } from '../../../engine/state/decode-key-group.ts'
import { keyedIn, objectsIn } from '../snapshot-handles.ts'
import { Hosting } from './hosting.ts'

/** The sums that the last acknowledged snapshot holds, as `k=5`. */
function snapshotOf(hosting: Hosting): string[] {
  const bytes = hosting.storage.objects.get(objectsIn(hosting.acknowledged.keyed)[0] ?? '')
  const segments = bytes === undefined ? 'no object' : decodeSnapshotObject(bytes)
  if (typeof segments === 'string') throw new Error(segments)
  return segments
    .flatMap((segment) => decodeKeyGroup(segment.bytes))
    .filter(({ state }) => state === 'sum.sum')
    .flatMap(({ entries }) => entries.map(({ key, value }) => `${String(key)}=${String(value)}`))
    .toSorted()
}

/** Objects with the checksums of what they hold; of one that is not there it matters to nobody. */
const restoreFrom = (hosting: Hosting, ...names: readonly string[]) => ({
  checkpoint: checkpointId(4),
  keyed: names.map((key) => {
    const bytes = hosting.storage.objects.get(key) ?? new Uint8Array(12)
    return keyedIn({ key, sizeBytes: bytes.length, checksum: snapshotChecksum([bytes]) })
  }),
  channels: [],
  operators: [],
})

describe('life', () => {
  test('it reports that it initializes and that it runs, and then asks its producers for data', () => {
    const hosting = new Hosting().deploy()
    expect(hosting.reports()).toEqual(['initializing', 'running'])
    expect(hosting.messages('connect-channel').map(({ to }) => to)).toEqual([
      'worker-1',
      'worker-1',
    ])
  })

  test('records are processed and leave when nothing more is to do', () => {
    const hosting = new Hosting().deploy().connect()
    hosting.deliver('a k=1 k=2', 'b k=3')
    expect(hosting.left()).toEqual(['k=1 k=3 k=6'])
  })

  test('an exception of a user function fails it, and nothing is processed after that', () => {
    const hosting = new Hosting().deploy().connect()
    hosting.calls.failsAt = 'bad'
    hosting.reports()
    hosting.deliver('a k=1 bad=1 k=2', 'b k=3')
    expect(hosting.reports()).toEqual([
      'failed: UserFunctionError: The function of operator "map" threw: TypeError: boom',
    ])
    expect(hosting.calls.mapped).toEqual(['k=1'])
  })

  test('it is canceled once', () => {
    const hosting = new Hosting().deploy()
    hosting.reports()
    hosting.cancel().cancel()
    expect(hosting.reports()).toEqual(['canceled'])
    hosting.deliver('a k=1')
    expect(hosting.calls.mapped).toEqual([])
  })

  test('a canceled one asks no producer any more', () => {
    const hosting = new Hosting().deploy()
    const [peer] = hosting.deployment.inputs
    if (peer === undefined) throw new Error('It has inputs.')
    const unavailable = () => {
      hosting.worker.receive({
        type: 'channel-unavailable',
        channel: peer.channel,
        attempt: hosting.deployment.attempt,
      })
    }
    unavailable()
    hosting.cancel().messages('connect-channel')
    hosting.runtime.advance(100)
    unavailable()
    hosting.runtime.advance(100)
    expect(hosting.messages('connect-channel')).toEqual([])
  })

  test('it finishes when all its inputs have ended, and says so downstream behind its records', () => {
    const hosting = new Hosting().deploy().connect()
    hosting.reports()
    hosting.deliver('a k=1', 'a$')
    expect(hosting.reports()).toEqual([])
    hosting.deliver('b k=2', 'b$')
    expect(hosting.left()).toEqual(['k=1', 'k=3', 'wInfinity', '$'])
    expect(hosting.reports()).toEqual(['finished'])
  })

  test('what a finished one has not sent yet still leaves when the consumer comes', () => {
    const hosting = new Hosting().deploy()
    hosting.deliver('a k=1', 'a$', 'b$')
    expect(hosting.left()).toEqual([])
    hosting.connect()
    expect(hosting.left()).toEqual(['k=1', 'wInfinity', '$'])
  })

  test('the work of every turn is counted by its records', () => {
    const hosting = new Hosting().deploy().connect()
    hosting.deliver('a k=1 k=2 k=3', 'b k=1')
    expect(hosting.runtime.spent.records).toBe(4)
  })
})

describe('back pressure', () => {
  const full = Array.from({ length: BUFFER_RECORDS_MAX }, () => 'k=1').join(' ')
  const room = OUTPUT_QUEUE_MAX * BUFFER_RECORDS_MAX

  test('it stops when its output is full, in the middle of a buffer if need be', () => {
    const hosting = new Hosting().deploy()
    hosting.deliver('a x=0')
    for (let i = 0; i < OUTPUT_QUEUE_MAX + 2; i++) hosting.deliver(`a ${full}`)
    // The first record left the chain in a buffer of its own.
    expect(hosting.calls.mapped).toHaveLength(1 + room - BUFFER_RECORDS_MAX)
  })

  test('it goes on there when the consumer takes, and loses nothing', () => {
    const hosting = new Hosting().deploy()
    for (let i = 0; i < OUTPUT_QUEUE_MAX + 2; i++) hosting.deliver(`a ${full}`)
    expect(hosting.calls.mapped).toHaveLength(room)
    hosting.connect(1)
    expect(hosting.calls.mapped).toHaveLength(room + BUFFER_RECORDS_MAX)
    hosting.credit(100)
    const total = (OUTPUT_QUEUE_MAX + 2) * BUFFER_RECORDS_MAX
    expect(hosting.calls.mapped).toEqual(Array.from({ length: total }, (_, i) => `k=${i + 1}`))
  })
})

describe('barriers', () => {
  test('a barrier blocks its channel until every other channel delivered the same barrier', () => {
    const hosting = new Hosting().deploy().connect()
    hosting.deliver('a k=1', 'a|1', 'a k=10', 'b k=2')
    expect(hosting.calls.mapped).toEqual(['k=1', 'k=3'])
    hosting.deliver('b|1')
    expect(hosting.calls.mapped).toEqual(['k=1', 'k=3', 'k=13'])
  })

  test('the snapshot holds exactly the effects of the records before the barriers (F-I4)', () => {
    const hosting = new Hosting().deploy().connect()
    hosting.deliver('a k=1 m=5', 'a|1', 'a k=10', 'b k=2', 'b|1', 'b k=20')
    hosting.runtime.advance(20)
    expect(hosting.reports()).toContain('ack 1')
    hosting.deliver('a|2', 'b|2')
    hosting.runtime.advance(20)
    expect(snapshotOf(hosting)).toEqual(['k=33', 'm=5'])
  })

  test('later records do not reach a snapshot that is still being written', () => {
    const hosting = new Hosting().deploy().connect()
    hosting.deliverLater('a k=1')
    hosting.deliverLater('a|1')
    hosting.deliverLater('b|1')
    hosting.deliverLater('b k=99')
    hosting.runtime.advance(20)
    expect(hosting.calls.mapped).toEqual(['k=1', 'k=100'])
    expect(snapshotOf(hosting)).toEqual(['k=1'])
  })

  test('the barrier leaves between the records of both checkpoints, before the snapshot is stored', () => {
    const hosting = new Hosting().deploy().connect()
    hosting.deliver('a k=1', 'a|1', 'a k=10', 'b|1')
    expect(hosting.left()).toEqual(['k=1', '|1', 'k=11'])
    expect(hosting.reports()).not.toContain('ack 1')
  })

  test('alignment and start delay are measured', () => {
    const hosting = new Hosting().deploy().connect()
    hosting.runtime.advance(30)
    hosting.deliver('a|1')
    hosting.runtime.advance(7)
    hosting.deliver('b|1')
    // Deployed at 20: the first barrier, triggered at 0, came at 50.
    expect(hosting.runtime.factsOf('snapshot-taken')).toMatchObject([
      { checkpoint: 1, startDelayMs: 50, alignmentMs: 7 },
    ])
  })

  test('a channel that is blocked and one that is unblocked leave traces', () => {
    const hosting = new Hosting().deploy().connect()
    hosting.deliver('a|1', 'b|1')
    const [first] = hosting.deployment.inputs
    expect(hosting.runtime.factsOf('channel-blocked').map(({ channel }) => channel)).toEqual([
      first?.channel,
    ])
    expect(hosting.runtime.factsOf('channel-unblocked').map(({ channel }) => channel)).toEqual([
      first?.channel,
    ])
  })

  test('a cancel marker goes on downstream and the checkpoint is declined', () => {
    const hosting = new Hosting().deploy().connect()
    hosting.reports()
    hosting.deliver('a|1', 'a k=1', 'bx1')
    expect(hosting.left()).toEqual(['x1', 'k=1'])
    expect(hosting.reports()).toEqual(['decline 1: canceled upstream'])
  })

  test('a newer barrier ends the alignment for the older one, downstream too', () => {
    const hosting = new Hosting().deploy().connect()
    hosting.reports()
    hosting.deliver('a|1', 'b|2', 'a|2')
    expect(hosting.left()).toEqual(['x1', '|2'])
    hosting.runtime.advance(20)
    expect(hosting.reports()).toEqual(['decline 1: subsumed by checkpoint 2', 'ack 2'])
  })
})

describe('snapshots', () => {
  test('the handle names the object of this attempt and its size', () => {
    const hosting = new Hosting().deploy()
    hosting.deliver('a k=1', 'a|7', 'b|7')
    hosting.runtime.advance(20)
    const { attempt } = hosting.deployment
    const object = `chk-7/sum-0-${attempt}`
    expect(hosting.acknowledged).toMatchObject({
      subtask: 'sum/0',
      attempt,
      keyed: {
        exclusive: [{ key: object, sizeBytes: hosting.storage.objects.get(object)?.length }],
      },
    })
    const stored = hosting.storage.objects.get(object)
    expect(hosting.acknowledged.sizeBytes).toBeGreaterThanOrEqual(stored?.length ?? Infinity)
  })

  test('one that cannot be stored declines the checkpoint', () => {
    const hosting = new Hosting().deploy()
    hosting.reports()
    hosting.storage.refusal = 'disk full'
    hosting.deliver('a|1', 'b|1')
    hosting.runtime.advance(20)
    expect(hosting.reports()).toEqual([
      'decline 1 as failed: its snapshot could not be stored: disk full',
    ])
  })

  test('one whose checkpoint is aborted meanwhile is not acknowledged, and leaves no object behind', () => {
    const hosting = new Hosting().deploy()
    hosting.reports()
    hosting.deliver('a|1', 'b|1').abort(1)
    hosting.runtime.advance(20)
    expect(hosting.reports()).toEqual([])
    expect([...hosting.storage.objects.keys()]).toEqual([])
  })

  test('aborted while its object is being written, the object is deleted', () => {
    const hosting = new Hosting().deploy()
    hosting.deliver('a|1', 'b|1')
    expect(hosting.runtime.timers.some((timer) => timer.startsWith('put'))).toBe(true)
    hosting.abort(1)
    hosting.runtime.advance(20)
    expect([...hosting.storage.objects.keys()]).toEqual([])
  })

  test('a canceled attempt acknowledges nothing', () => {
    const hosting = new Hosting().deploy()
    hosting.reports()
    hosting.deliver('a|1', 'b|1').cancel()
    hosting.runtime.advance(20)
    expect(hosting.reports()).toEqual(['canceled'])
    expect([...hosting.storage.objects.keys()]).toEqual([])
  })

  test('a large state is encoded slice by slice, and records are processed in between', () => {
    const hosting = new Hosting().deploy().connect()
    const wide = 'x'.repeat(200)
    for (let i = 0; i < 20; i++) {
      const keys = Array.from({ length: 200 }, (_, j) => `${wide}${i}-${j}=1`)
      hosting.deliver(`a ${keys.join(' ')}`)
    }
    hosting.calls.mapped.length = 0
    hosting.deliverLater('a|1')
    hosting.deliverLater('b|1')
    for (const n of [1, 2, 3]) hosting.deliverLater(`a k=${n}`)
    hosting.runtime.advance()
    expect(hosting.runtime.spent.bytes).toBeGreaterThan(1 << 19)
    const put = hosting.runtime.timers.findIndex((timer) => timer.startsWith('put'))
    expect(put, 'the object is on its way').toBeGreaterThanOrEqual(0)
    expect(hosting.calls.mapped).toEqual(['k=1', 'k=3', 'k=6'])
    hosting.runtime.advance(20)
    expect(snapshotOf(hosting)).toHaveLength(4000)
  })

  test('what changes while the object is being written is not in it', () => {
    // In so few key groups rows are many enough for pages that are stored without a copy.
    const hosting = new Hosting({ maxParallelism: 2 }).deploy().connect()
    const deliver = (n: number): void => {
      const records = Array.from({ length: 1000 }, (_, i) => `k${i}=${n}`)
      for (let i = 0; i < 1000; i += 200)
        hosting.deliver(`a ${records.slice(i, i + 200).join(' ')}`)
    }
    deliver(1)
    hosting.deliver('a|1', 'b|1')
    hosting.runtime.advance()
    const put = hosting.runtime.timers.findIndex((timer) => timer.startsWith('put'))
    expect(put, 'the object is on its way').toBeGreaterThanOrEqual(0)
    deliver(5)
    hosting.runtime.advance(20)
    const sums = snapshotOf(hosting)
    expect(sums).toHaveLength(1000)
    expect(sums.every((sum) => sum.endsWith('=1'))).toBe(true)
  })
})

describe('notices', () => {
  test('a completion is passed on once, and an older one not at all', () => {
    const hosting = new Hosting().deploy()
    hosting.complete(2).complete(2).complete(1).complete(3)
    expect(
      hosting.runtime.factsOf('completion-received').map(({ checkpoint }) => checkpoint),
    ).toEqual([2, 3])
  })

  test('the news of an abort brings the completion that was lost before it', () => {
    const hosting = new Hosting().deploy()
    hosting.abort(3, 2)
    const types = hosting.runtime.facts
      .map(({ type }) => type)
      .filter((type) => type.endsWith('-received'))
    expect(types).toEqual(['completion-received', 'abortion-received'])
  })

  test('nothing is passed on when it does not run', () => {
    const hosting = new Hosting().deploy().cancel()
    hosting.complete(1).abort(2, 1)
    expect(hosting.runtime.factsOf('completion-received')).toEqual([])
    expect(hosting.runtime.factsOf('abortion-received')).toEqual([])
  })
})

describe('restore', () => {
  /** The object of an attempt that had seen these records. */
  function stored(...records: readonly string[]): Uint8Array {
    const hosting = new Hosting().deploy()
    hosting.deliver(`a ${records.join(' ')}`, 'a|1', 'b|1')
    hosting.runtime.advance(20)
    return (
      hosting.storage.objects.get(objectsIn(hosting.acknowledged.keyed)[0] ?? '') ??
      new Uint8Array(0)
    )
  }

  test('state is read from all objects before the subtask runs', () => {
    const hosting = new Hosting()
    hosting.storage.objects.set('one', stored('k=5'))
    hosting.storage.objects.set('two', stored('m=7'))
    hosting.deploy('sum/0', restoreFrom(hosting, 'one', 'two')).connect()
    expect(hosting.reports()).toEqual(['initializing', 'running'])
    expect(hosting.runtime.factsOf('state-restored')).toMatchObject([
      { checkpoint: 4, keyCount: 2 },
    ])
    hosting.deliver('a k=1 m=1')
    expect(hosting.left()).toEqual(['k=6 m=8'])
  })

  test('an object that is not there fails it with one sentence', () => {
    const hosting = new Hosting()
    hosting.deploy('sum/0', restoreFrom(hosting, 'gone'))
    expect(hosting.reports()).toEqual([
      'initializing',
      'failed: The snapshot gone of checkpoint 4 cannot be read: there is no such object.',
    ])
  })

  test('a damaged object fails it with one sentence', () => {
    const hosting = new Hosting()
    const damaged = stored('k=5')
    damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1
    hosting.storage.objects.set('bad', damaged)
    hosting.deploy('sum/0', restoreFrom(hosting, 'bad'))
    expect(hosting.reports().at(-1)).toMatch(
      /^failed: The snapshot bad of checkpoint 4 is corrupt: the checksum of key group \d+ is wrong\.$/,
    )
  })

  test('one that is canceled while it reads its state never runs', () => {
    const hosting = new Hosting()
    hosting.storage.objects.set('empty', encodeSnapshotObject([])[0] ?? new Uint8Array(0))
    hosting.storage.objects.set('one', stored('k=5'))
    const attempt = attemptId(hosting.deploy().deployment.attempt + 1)
    hosting.cancel().reports()
    hosting.worker.receive({
      type: 'deploy',
      epoch: 1,
      deployments: [{ ...hosting.deployment, attempt, restore: restoreFrom(hosting, 'one') }],
    })
    hosting.cancel(attempt)
    hosting.runtime.advance(50)
    expect(hosting.reports()).toEqual(['initializing', 'canceled'])
  })
})

/** The sending end: what leaves, when, and in which order. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BUFFER_RECORDS_MAX } from '../../../engine/element.ts'
import { OUTPUT_QUEUE_MAX, OutputChannel } from '../../../engine/exchange/output-channel.ts'
import { attemptId, channelId, checkpointId } from '../../../engine/ids.ts'
import { subtaskId, vertexId, workerId } from '../../../engine/ids.ts'
import { seeded } from '../../seeded.ts'
import { FakeRuntime } from '../fake-runtime.ts'
import { barrierOf } from '../snapshot-handles.ts'

const from = subtaskId(vertexId('map'), 0)
const to = subtaskId(vertexId('sum'), 1)
const peer = {
  channel: channelId(from, to, 0),
  subtask: to,
  attempt: attemptId(4),
  worker: workerId('worker-2'),
}

/** A channel that writes numbers; `left()` is what left it since the last call: `1,2` a buffer, `|3` a barrier. */
class Sending {
  readonly runtime = new FakeRuntime()
  readonly channel = new OutputChannel(this.runtime, peer, false, false)
  #expected = 0
  #written = 0

  write(count = 1): this {
    for (let i = 0; i < count; i++) this.channel.add(++this.#written, 0, 0, null)
    return this
  }

  /** A full buffer of one record: written and flushed. */
  buffer(): this {
    this.write()
    this.channel.flush()
    return this
  }

  barrierOf(checkpoint: number): this {
    this.channel.addControl(barrierOf(checkpoint))
    return this
  }

  /** Sends an unaligned barrier; the values of the records that it shows, a buffer each. */
  overtaking(checkpoint: number): string[] {
    const shown: string[] = []
    const barrier = { ...barrierOf(checkpoint), alignment: 'unaligned' } as const
    this.channel.addOvertaking(barrier, ({ values }) => shown.push(values.join()))
    return shown
  }

  left(): string[] {
    return this.runtime.takeSent().map((sent) => {
      if (sent.type !== 'element') throw new Error(`Only elements leave, not ${sent.type}.`)
      expect(sent).toMatchObject({ to: 'worker-2', channel: peer.channel, attempt: 4 })
      expect(sent.sequence, 'elements are numbered without gap').toBe(this.#expected++)
      const { element } = sent
      if (element.type === 'barrier') return `|${element.checkpoint}`
      return element.type === 'records' ? element.values.join() : element.type
    })
  }
}

test('nothing leaves before the consumer has connected', () => {
  const sending = new Sending().buffer().barrierOf(1)
  expect(sending.left()).toEqual([])
  sending.channel.connect(2)
  expect(sending.left()).toEqual(['1', '|1'])
})

test('a record stays in the unfinished buffer until it is flushed', () => {
  const sending = new Sending()
  sending.channel.connect(2)
  sending.write(2)
  expect(sending.left()).toEqual([])
  sending.channel.flush()
  expect(sending.left()).toEqual(['1,2'])
})

test('a flush without records sends nothing', () => {
  const sending = new Sending()
  sending.channel.connect(2)
  sending.channel.flush()
  expect(sending.left()).toEqual([])
})

test('a full buffer leaves by itself', () => {
  const sending = new Sending()
  sending.channel.connect(2)
  sending.write(BUFFER_RECORDS_MAX)
  expect(sending.left()).toHaveLength(1)
})

test('every record buffer costs one credit', () => {
  const sending = new Sending()
  sending.channel.connect(2)
  sending.buffer().buffer().buffer()
  expect(sending.left()).toEqual(['1', '2'])
  sending.channel.addCredit(1)
  expect(sending.left()).toEqual(['3'])
  sending.buffer()
  expect(sending.left()).toEqual([])
})

test('a second request to connect brings no second credit', () => {
  const sending = new Sending()
  sending.channel.connect(1)
  sending.channel.connect(1)
  sending.buffer().buffer()
  expect(sending.left()).toEqual(['1'])
})

test('a barrier needs no credit', () => {
  const sending = new Sending()
  sending.channel.connect(0)
  sending.barrierOf(1)
  expect(sending.left()).toEqual(['|1'])
})

test('a barrier keeps its place behind record buffers that wait for credit', () => {
  const sending = new Sending()
  sending.channel.connect(1)
  sending.buffer().buffer().barrierOf(1).buffer()
  expect(sending.left()).toEqual(['1'])
  sending.channel.addCredit(1)
  expect(sending.left()).toEqual(['2', '|1'])
})

test('a barrier ends the unfinished buffer, so that its records stay in front of it', () => {
  const sending = new Sending()
  sending.channel.connect(2)
  sending.write().barrierOf(1).write()
  sending.channel.flush()
  expect(sending.left()).toEqual(['1', '|1', '2'])
})

test('an unaligned barrier leaves in front of everything that waits, and shows the records that it overtakes', () => {
  const sending = new Sending()
  sending.channel.connect(1)
  sending.buffer().buffer().barrierOf(1).write()
  expect(sending.left()).toEqual(['1'])
  expect(sending.overtaking(2)).toEqual(['2', '3'])
  expect(sending.left()).toEqual(['|2'])
  sending.channel.addCredit(2)
  expect(sending.left()).toEqual(['2', '|1', '3'])
})

test('before the consumer has connected, unaligned barriers wait in their order, in front', () => {
  const sending = new Sending().buffer()
  expect(sending.overtaking(1)).toEqual(['1'])
  sending.buffer()
  expect(sending.overtaking(2)).toEqual(['1', '2'])
  sending.channel.connect(2)
  expect(sending.left()).toEqual(['|1', '|2', '1', '2'])
})

test('a barrier that waits in line may overtake later; then it shows only what was in front of it', () => {
  const sending = new Sending().buffer().barrierOf(1).buffer()
  const shown: unknown[] = []
  sending.channel.overtake(checkpointId(1), ({ values }) => shown.push(...values))
  sending.channel.overtake(checkpointId(7), ({ values }) => shown.push(...values))
  expect(shown).toEqual([1])
  sending.channel.connect(2)
  expect(sending.left()).toEqual(['|1', '1', '2'])
  expect(sending.runtime.factsOf('barrier-sent').map(({ alignment }) => alignment)).toEqual([
    'unaligned',
  ])
})

test('whoever awaits a barrier is told when it leaves, unless it has left already', () => {
  const sending = new Sending().buffer().barrierOf(1)
  let left = 0
  const isWaiting = sending.channel.awaitBarrier(checkpointId(1), () => (left += 1))
  expect([isWaiting, left]).toEqual([true, 0])
  sending.channel.connect(1)
  expect(left).toBe(1)
  sending.barrierOf(2)
  expect(sending.channel.awaitBarrier(checkpointId(2), () => (left += 1))).toBe(false)
  expect(left).toBe(1)
})

test('the channel is unavailable while its queue is full, and available again with credit', () => {
  const sending = new Sending()
  sending.channel.connect(0)
  for (let i = 0; i < OUTPUT_QUEUE_MAX; i++) {
    expect(sending.channel.isAvailable).toBe(true)
    sending.buffer()
  }
  expect(sending.channel.isAvailable).toBe(false)
  sending.channel.addCredit(1)
  expect(sending.channel.isAvailable).toBe(true)
})

test('control elements in the queue do not make the channel unavailable', () => {
  const sending = new Sending()
  for (let i = 1; i <= 2 * OUTPUT_QUEUE_MAX; i++) sending.barrierOf(i)
  expect(sending.channel.isAvailable).toBe(true)
})

test('credit before the connection is a violated assertion', () => {
  const sending = new Sending()
  expect(() => {
    sending.channel.addCredit(1)
  }).toThrow('got credit before it was connected')
})

test('the hash of the key and the origins travel with the record, where the edge has them', () => {
  const runtime = new FakeRuntime()
  const channel = new OutputChannel(runtime, peer, true, true)
  channel.connect(2)
  const origin = { topic: 'in', partition: 0, offset: 7 }
  channel.add('a', 5, 77, [origin])
  channel.add('b', 6, 78, null)
  channel.flush()
  expect(runtime.takeSent()).toMatchObject([
    {
      element: {
        values: ['a', 'b'],
        timestamps: [5, 6],
        hashes: [77, 78],
        origins: [[origin], []],
      },
    },
  ])
  expect(new Sending().channel.peer).toBe(peer)
})

test('a barrier leaves a trace when it leaves the channel, not when it is added', () => {
  const sending = new Sending().barrierOf(3)
  expect(sending.runtime.facts).toEqual([])
  sending.channel.connect(0)
  expect(sending.runtime.factsOf('barrier-sent')).toEqual([
    { type: 'barrier-sent', checkpoint: 3, channel: peer.channel, alignment: 'aligned' },
  ])
})

test('at the level of records every buffer that leaves is a fact, with its origins', () => {
  const runtime = new FakeRuntime()
  const channel = new OutputChannel(runtime, peer, false, true)
  channel.connect(2)
  const origins = [7, 8].map((offset) => ({ topic: 'in', partition: 0, offset }))
  const send = (): void => {
    for (const origin of origins) channel.add('a', 0, 0, [origin])
    channel.flush()
    channel.addControl({ type: 'end-of-input' })
  }
  send()
  expect(runtime.facts).toEqual([])
  runtime.traceLevel = 'records'
  send()
  expect(runtime.facts).toEqual([
    {
      type: 'buffer-sent',
      channel: peer.channel,
      element: 2,
      attempt: 4,
      count: 2,
      origins,
    },
  ])
})

test('for every sequence of writes, flushes, barriers and credits, elements leave in the order in which they came', () => {
  const steps = fc.array(fc.constantFrom('write', 'flush', 'barrier', 'credit', 'connect'), {
    maxLength: 60,
    size: 'max',
  })
  fc.assert(
    fc.property(steps, (script) => {
      const sending = new Sending()
      let isConnected = false
      let written = 0
      let barriers = 0
      const written_: string[] = []
      for (const what of script) {
        if (what === 'write') {
          sending.write()
          written_.push(String(++written))
        } else if (what === 'barrier') {
          sending.barrierOf(++barriers)
          written_.push(`|${barriers}`)
        } else if (what === 'flush') {
          sending.channel.flush()
        } else if (what === 'connect' || isConnected) {
          if (isConnected) sending.channel.addCredit(1)
          else sending.channel.connect(1)
          isConnected = true
        }
      }
      if (!isConnected) sending.channel.connect(1)
      sending.channel.flush()
      sending.channel.addCredit(script.length)
      expect(sending.left().flatMap((element) => element.split(','))).toEqual(written_)
    }),
    seeded(200),
  )
})

/** The receiving end of all channels of a subtask. */
import { describe, expect, test } from 'vitest'
import { present } from '../../../engine/assert.ts'
import { type Element, newRecordBuffer, type RecordBuffer } from '../../../engine/element.ts'
import { CHANNEL_CREDIT, InputGate } from '../../../engine/exchange/input-gate.ts'
import { attemptId, channelId, checkpointId } from '../../../engine/ids.ts'
import { subtaskId, vertexId, workerId } from '../../../engine/ids.ts'
import { FakeRuntime } from '../fake-runtime.ts'
import { barrierOf } from '../snapshot-handles.ts'

const consumer = subtaskId(vertexId('sum'), 0)
const peers = ['a', 'b', 'c'].map((name, index) => {
  const subtask = subtaskId(vertexId(name), 0)
  return {
    channel: channelId(subtask, consumer, 0),
    subtask,
    attempt: attemptId(10 + index),
    worker: workerId(`worker-${index + 1}`),
  }
})

/** A gate with the channels a, b and c. A letter and a digit is a record buffer, with `|` a barrier: `a1 b|2`. */
class Receiving {
  readonly runtime = new FakeRuntime(workerId('worker-9'))
  readonly gate = new InputGate(this.runtime, attemptId(5), peers)
  readonly #sequences = [0, 0, 0]

  receive(elements: string): this {
    for (const element of elements.split(' ')) {
      const index = element.charCodeAt(0) - 97
      this.deliver(index, this.#sequences[index] ?? 0, elementOf(element.slice(1)))
      this.#sequences[index] = (this.#sequences[index] ?? 0) + 1
    }
    return this
  }

  deliver(channel: number, sequence: number, element: Element): void {
    const peer = present(peers[channel], 'There are three channels.')
    this.gate.receive({
      type: 'element',
      channel: peer.channel,
      attempt: attemptId(5),
      sequence,
      element,
    })
  }

  /** Polls until nothing comes. */
  polled(): string {
    const found: string[] = []
    for (let next = this.gate.poll(); next !== null; next = this.gate.poll()) {
      const { channel, element } = next
      const letter = String.fromCharCode(97 + channel)
      if (element.type === 'records') found.push(letter + String(element.values[0]))
      else
        found.push(
          element.type === 'barrier' ? `${letter}|${element.checkpoint}` : letter + element.type,
        )
    }
    return found.join(' ')
  }
}

test('connecting asks every producer, with the credit that its channel has', () => {
  const { gate, runtime } = new Receiving()
  gate.connect()
  expect(runtime.takeSent()).toEqual(
    peers.map(({ channel, attempt, worker }) => ({
      to: worker,
      type: 'connect-channel',
      channel,
      attempt,
      credit: CHANNEL_CREDIT,
      consumer: 5,
      consumerWorker: 'worker-9',
    })),
  )
})

test('a producer that is not there yet is asked again a little later', () => {
  const { gate, runtime } = new Receiving()
  const second = present(peers[1], 'There is a second channel.')
  gate.retryConnect(second.channel)
  expect(runtime.takeSent()).toEqual([])
  runtime.advance(20)
  expect(runtime.takeSent()).toMatchObject([
    { to: 'worker-2', type: 'connect-channel', channel: second.channel, attempt: 11 },
  ])
})

test('once closed it asks nobody any more, also not those that it was about to ask again', () => {
  const { gate, runtime } = new Receiving()
  const [first] = peers
  if (first === undefined) throw new Error('There is a first channel.')
  gate.retryConnect(first.channel)
  gate.close()
  gate.connect()
  runtime.advance(1000)
  expect(runtime.takeSent()).toEqual([])
})

test('at the level of records every buffer that comes is a fact', () => {
  const receiving = new Receiving().receive('a1')
  expect(receiving.runtime.facts).toEqual([])
  receiving.runtime.traceLevel = 'records'
  receiving.receive('a2 b|1')
  const [first] = peers
  expect(receiving.runtime.facts).toEqual([
    { type: 'buffer-received', channel: first?.channel, element: 1, attempt: 5, queued: 2 },
  ])
})

test('elements of one channel are taken in the order in which they came', () => {
  expect(new Receiving().receive('a1 a2 a|1 a3').polled()).toBe('a1 a2 a|1 a3')
})

test('channels take turns', () => {
  expect(new Receiving().receive('a1 a2 a3 b1 b2 c1').polled()).toBe('a1 b1 c1 a2 b2 a3')
})

test('the turn goes on behind the channel that was served last', () => {
  const receiving = new Receiving().receive('a1')
  expect(receiving.polled()).toBe('a1')
  expect(receiving.receive('a2 b1 c1').polled()).toBe('b1 c1 a2')
})

test('a blocked channel keeps its elements until it is unblocked', () => {
  const receiving = new Receiving().receive('a1 b1 a2')
  receiving.gate.block(0)
  expect(receiving.polled()).toBe('b1')
  expect(receiving.gate.hasInput).toBe(false)
  receiving.gate.unblock(0)
  expect(receiving.gate.hasInput).toBe(true)
  expect(receiving.polled()).toBe('a1 a2')
})

test('taking a record buffer gives its producer one credit back', () => {
  const receiving = new Receiving().receive('b1 b2')
  expect(receiving.runtime.takeSent(), 'receiving alone grants none').toEqual([])
  receiving.gate.poll()
  const [, second] = peers
  expect(receiving.runtime.takeSent()).toEqual([
    { to: 'worker-2', type: 'credit', channel: second?.channel, attempt: 11, credit: 1 },
  ])
})

test('taking a control element grants no credit', () => {
  const receiving = new Receiving().receive('a|1')
  receiving.gate.poll()
  expect(receiving.runtime.takeSent()).toEqual([])
})

test('a gap in the sequence of a channel is a violated assertion', () => {
  const receiving = new Receiving().receive('a1')
  expect(() => {
    receiving.deliver(0, 2, elementOf('3'))
  }).toThrow('got element 2 but expected 1')
})

test('a repeated element is a violated assertion', () => {
  const receiving = new Receiving().receive('a1')
  expect(() => {
    receiving.deliver(0, 0, elementOf('1'))
  }).toThrow('got element 0 but expected 1')
})

test('the gate is finished when all its channels are', () => {
  const { gate } = new Receiving()
  gate.finish(0)
  gate.finish(2)
  expect(gate.isFinished).toBe(false)
  gate.finish(1)
  expect(gate.isFinished).toBe(true)
})

function elementOf(text: string): Element {
  if (text.startsWith('|')) {
    return barrierOf(Number(text.slice(1)))
  }
  const buffer = newRecordBuffer(false, false)
  buffer.values.push(Number(text))
  buffer.timestamps.push(0)
  return buffer
}

describe('what is in flight', () => {
  const values = (buffers: readonly RecordBuffer[]) => buffers.map((buffer) => buffer.values.join())

  /** Captures channel a in front of barrier 2. */
  function capturing(before: string, overtaken: number | null = null) {
    const receiving = new Receiving().receive(before)
    const buffers: RecordBuffer[] = []
    receiving.gate.capture(0, checkpointId(2), overtaken, (buffer) => buffers.push(buffer))
    return { receiving, buffers }
  }

  test('is what is queued and what arrives until the barrier, of that channel alone', () => {
    const { receiving, buffers } = capturing('a1 b2 a3')
    receiving.receive('a4 b5 a|2 a6')
    expect(values(buffers)).toEqual(['1', '3', '4'])
    expect(receiving.polled()).toBe('a1 b2 a3 b5 a4 a|2 a6')
  })

  test('ends at a barrier that stands in the queue', () => {
    const { receiving, buffers } = capturing('a1 a|1 a2 a|2 a3')
    receiving.receive('a4')
    expect(values(buffers)).toEqual(['1', '2'])
  })

  test('is what a barrier has overtaken, if it has come', () => {
    const { receiving, buffers } = capturing('a1 a2 a3', 2)
    receiving.receive('a4')
    expect(values(buffers)).toEqual(['1', '2'])
  })

  test('ends when nobody captures any more', () => {
    const { receiving, buffers } = capturing('a1')
    receiving.gate.stopCapture()
    receiving.receive('a2')
    expect(values(buffers)).toEqual(['1'])
  })

  test('a barrier is fetched out of the queue with the number of elements in front of it', () => {
    const { receiving } = capturing('a0 a1 a|2 a3')
    receiving.gate.poll()
    const { barrier, overtaken } = receiving.gate.fetchBarrier(0, checkpointId(2))
    expect([barrier.checkpoint, overtaken]).toEqual([2, 1])
    expect(receiving.polled()).toBe('a1 a3')
    expect(() => receiving.gate.fetchBarrier(0, checkpointId(2))).toThrow(
      'No barrier of checkpoint 2',
    )
  })

  test('an unaligned barrier is not queued', () => {
    const receiving = new Receiving().receive('a1')
    receiving.deliver(0, 1, { ...barrierOf(1), alignment: 'unaligned' })
    expect(receiving.gate.queued(0)).toBe(1)
    expect(receiving.polled()).toBe('a1')
  })
})

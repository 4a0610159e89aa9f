/** A worker process: registration, heartbeats, and which message reaches whom. */
import { describe, expect, test } from 'vitest'
import { type AttemptId, attemptId, type ChannelId, checkpointId } from '../../../engine/ids.ts'
import type { WorkerMessage } from '../../../engine/messages.ts'
import { Hosting } from './hosting.ts'

function request(fields: Partial<Request> = {}): Request {
  return { type: 'heartbeat-request', epoch: 1, beat: 1, latestCompleted: null, ...fields }
}

type Request = Extract<WorkerMessage, { type: 'heartbeat-request' }>

describe('registration', () => {
  test('it registers with its incarnation and slots when it starts', () => {
    const { worker, runtime } = new Hosting()
    worker.start()
    expect(runtime.takeSent()).toEqual([
      { to: 'job-master', type: 'register-worker', worker: 'worker-1', incarnation: 3, slots: 4 },
    ])
  })

  test('it registers again until it is asked for a sign of life', () => {
    const { worker, runtime } = new Hosting({ heartbeat: { intervalMs: 50, timeoutMs: 120 } })
    worker.start()
    runtime.advance(100)
    expect(runtime.takeSent()).toHaveLength(3)
    worker.receive(request())
    runtime.takeSent()
    runtime.advance(100)
    expect(runtime.takeSent()).toEqual([])
  })

  test('it answers heartbeats with what it hosts', () => {
    const hosting = new Hosting().deploy()
    hosting.messages('subtask-status')
    hosting.worker.receive(request({ beat: 7 }))
    const { attempt } = hosting.deployment
    expect(hosting.messages('heartbeat')).toEqual([
      {
        to: 'job-master',
        type: 'heartbeat',
        worker: 'worker-1',
        incarnation: 3,
        epoch: 1,
        beat: 7,
        hosted: [{ subtask: 'sum/0', attempt, status: 'running', hasInputEnded: false }],
      },
    ])
  })

  test('what the newest master deployed ends when it is silent for longer than the timeout', () => {
    const hosting = new Hosting({ heartbeat: { intervalMs: 50, timeoutMs: 120 } })
    hosting.worker.start()
    hosting.deploy()
    hosting.worker.receive(request())
    hosting.runtime.advance(100)
    expect(hosting.reports()).not.toContain('canceled')
    hosting.runtime.advance(60)
    expect(hosting.reports()).toEqual(['canceled', 'register-worker'])
  })

  test('a newer master is obeyed from then on, an older one never again', () => {
    const hosting = new Hosting().deploy()
    hosting.reports()
    hosting.worker.receive(request({ epoch: 2, beat: 1 }))
    expect(hosting.reports()).toEqual(['canceled', 'heartbeat'])
    hosting.deploy()
    expect(hosting.reports(), 'of epoch 1').toEqual([])
    hosting.worker.receive(request({ epoch: 1, beat: 9 }))
    expect(hosting.messages('heartbeat')).toMatchObject([{ epoch: 2, beat: 9, hosted: [] }])
  })

  test('a request tells of a completion that was lost, once', () => {
    const hosting = new Hosting().deploy()
    hosting.worker.receive(request({ latestCompleted: checkpointId(4) }))
    hosting.worker.receive(request({ latestCompleted: checkpointId(4) }))
    expect(hosting.runtime.factsOf('completion-received')).toMatchObject([{ checkpoint: 4 }])
  })

  test('what was restored from a checkpoint is not told that it is complete', () => {
    const restore = { checkpoint: checkpointId(4), keyed: [], channels: [], operators: [] }
    const hosting = new Hosting().deploy('sum/0', restore)
    hosting.worker.receive(request({ latestCompleted: checkpointId(4) }))
    expect(hosting.runtime.factsOf('completion-received')).toEqual([])
  })
})

describe('messages', () => {
  test('for an attempt that is not here are dropped', () => {
    const hosting = new Hosting().deploy()
    const { subtask } = hosting.deployment
    const attempt = attemptId(99)
    hosting.reports()
    hosting.cancel(attempt)
    const checkpoint = checkpointId(1)
    hosting.worker.receive({ type: 'notify-complete', subtask, attempt, checkpoint })
    expect(hosting.reports()).toEqual([])
    expect(hosting.runtime.factsOf('completion-received')).toEqual([])
  })

  test('for a former attempt are dropped once a new one is deployed', () => {
    const hosting = new Hosting().deploy()
    const former = hosting.deployment
    hosting.cancel().deploy().reports()
    hosting.cancel(former.attempt)
    expect(hosting.reports()).toEqual([])
    const [peer] = former.inputs
    if (peer === undefined) throw new Error('It has inputs.')
    hosting.worker.receive({
      type: 'element',
      channel: peer.channel,
      attempt: former.attempt,
      sequence: 5,
      element: { type: 'end-of-input' },
    })
    hosting.deliver('a k=1')
    expect(hosting.calls.mapped).toEqual(['k=1'])
  })

  test('a request to connect to an attempt that is not here is answered, so that it is made again', () => {
    const hosting = new Hosting().deploy()
    hosting.connect(2, attemptId(99))
    expect(hosting.messages('channel-unavailable')).toEqual([
      {
        to: 'worker-2',
        type: 'channel-unavailable',
        channel: 'sum/0>after/0',
        attempt: 77,
      },
    ])
  })

  test('credit for a former attempt is dropped without an answer', () => {
    const hosting = new Hosting().deploy()
    const former = hosting.deployment
    hosting.deploy().connect(0)
    hosting.deliver('a k=1')
    const [edge] = former.outputs
    const channel = edge?.[0]?.channel
    if (channel === undefined) throw new Error('It has an output.')
    hosting.worker.receive({ type: 'credit', channel, attempt: former.attempt, credit: 5 })
    hosting.runtime.advance()
    expect(hosting.left()).toEqual([])
    expect(hosting.messages('channel-unavailable')).toEqual([])
  })
})

describe('a connection that broke', () => {
  const broken = (hosting: Hosting, channel: ChannelId | undefined, attempt: AttemptId | null) => {
    if (channel === undefined) throw new Error('There is such a channel.')
    hosting.worker.receive({ type: 'channel-broken', channel, attempt })
    return hosting.reports()
  }

  test('fails the subtask at either end of it', () => {
    const consumer = new Hosting().deploy()
    consumer.reports()
    const { inputs, attempt } = consumer.deployment
    expect(broken(consumer, inputs[0]?.channel, attempt)).toEqual([
      'failed: The connection of channel source/0>sum/0 broke.',
    ])
    const producer = new Hosting().deploy()
    producer.reports()
    expect(broken(producer, producer.deployment.outputs[0]?.[0]?.channel, null)).toEqual([
      'failed: The connection of channel sum/0>after/0 broke.',
    ])
  })

  test('of a former attempt fails nobody', () => {
    const hosting = new Hosting().deploy()
    const { inputs, attempt } = hosting.deployment
    hosting.deploy().reports()
    expect(broken(hosting, inputs[0]?.channel, attempt)).toEqual([])
  })
})

describe('an attempt that is over', () => {
  test('lets go of what it wrote when it finished and is canceled all the same', () => {
    const hosting = new Hosting().deploy('source/0').connect()
    expect(hosting.reports()).toContain('finished')
    hosting.worker.receive(request())
    expect(hosting.messages('heartbeat')).toMatchObject([{ hosted: [{ status: 'finished' }] }])
    hosting.cancel()
    hosting.worker.receive(request())
    expect(hosting.messages('heartbeat')).toMatchObject([{ hosted: [] }])
  })

  test('was deployed in vain when a newer one comes: it is canceled first', () => {
    const hosting = new Hosting().deploy()
    hosting.reports()
    hosting.deploy()
    expect(hosting.reports()).toEqual(['canceled', 'initializing', 'running'])
  })

  test('is forgotten with its state when it was canceled or failed', () => {
    const hosting = new Hosting().deploy()
    hosting.connect().cancel()
    hosting.messages('channel-unavailable')
    hosting.connect()
    expect(hosting.messages('channel-unavailable')).toHaveLength(1)
    hosting.trigger(1)
    expect(hosting.reports()).not.toContain('barrier-passed')
  })

  test('of which a newer one is here already leaves that one alone', () => {
    const hosting = new Hosting().deploy()
    const { attempt } = hosting.deployment
    hosting.deploy().cancel(attempt)
    hosting.connect()
    expect(hosting.messages('channel-unavailable')).toEqual([])
  })

  test('sets no source to work when an event comes late', () => {
    const hosting = new Hosting().deploy('source/0').connect()
    const { subtask, attempt } = hosting.deployment
    const event = { type: 'assign-splits', splits: [] } as const
    expect(() => {
      hosting.worker.receive({
        type: 'operator-event',
        subtask,
        attempt,
        operator: 'none of its',
        eventId: 1,
        event,
      })
    }).not.toThrow()
    expect(hosting.reports()).toContain('operator-event-acknowledged')
  })
})

describe('sources', () => {
  test('a triggered source puts the barrier between its records and tells the master that it passed', () => {
    const hosting = new Hosting().deploy('source/0')
    hosting.reports()
    hosting.trigger(1)
    expect(hosting.reports()).toEqual(['barrier-passed'])
    expect(hosting.runtime.factsOf('barrier-injected')).toMatchObject([{ checkpoint: 1 }])
    hosting.runtime.advance(20)
    expect(hosting.reports()).toContain('ack 1')
  })

  test('a source that does not run any more declines', () => {
    const hosting = new Hosting().deploy('source/0').connect()
    hosting.reports()
    hosting.trigger(1)
    expect(hosting.reports()).toEqual(['decline 1: the subtask is finished', 'barrier-passed'])
  })

  test('a bounded source emits its records and finishes', () => {
    const hosting = new Hosting().deploy('source/1')
    expect(hosting.reports()).toEqual(['initializing', 'running'])
    hosting.connect()
    expect(hosting.reports()).toEqual(['finished'])
    const left = hosting.left()
    expect(left.splice(-2)).toEqual(['wInfinity', '$'])
    expect(left.flatMap((buffer) => buffer.split(' '))).toHaveLength(5000)
    expect(hosting.runtime.spent.records).toBe(5000)
  })

  test('an event for an operator that is not its source is a violated assertion', () => {
    const hosting = new Hosting().deploy()
    const { subtask, attempt } = hosting.deployment
    expect(() => {
      hosting.worker.receive({
        type: 'operator-event',
        subtask,
        attempt,
        operator: 'source',
        eventId: 1,
        event: { type: 'assign-splits', splits: [] },
      })
    }).toThrow('An event for "source" came to sum/0.')
  })
})

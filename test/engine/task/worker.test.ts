/** A worker process: registration, heartbeats, and which message reaches whom. */
import { describe, expect, test } from 'vitest'
import { attemptId, checkpointId } from '../../../engine/ids.ts'
import { Hosting } from './hosting.ts'

describe('registration', () => {
  test('it registers with its incarnation and slots when it starts', () => {
    const { worker, runtime } = new Hosting()
    worker.start()
    expect(runtime.takeSent()).toEqual([
      { to: 'job-master', type: 'register-worker', worker: 'worker-1', incarnation: 3, slots: 4 },
    ])
  })

  test('it answers heartbeats with its incarnation', () => {
    const { worker, runtime } = new Hosting()
    worker.receive({ type: 'heartbeat-request' })
    expect(runtime.takeSent()).toEqual([
      { to: 'job-master', type: 'heartbeat', worker: 'worker-1', incarnation: 3 },
    ])
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

describe('an attempt that is over', () => {
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

/** When faults strike, and what is written down about it. */
import { describe, expect, test } from 'vitest'
import { attemptId, checkpointId, subtaskId, vertexId, workerId } from '../../../engine/ids.ts'
import type { Fact } from '../../../engine/trace.ts'
import { FaultInjector } from '../../../sim/faults/fault-injector.ts'
import type { Fault } from '../../../sim/plan/plan.ts'
import { World } from '../../../sim/world/world.ts'

/** A world with one subtask on worker-1; facts are recorded a millisecond apart. */
class Injected {
  readonly world = new World(1, 'control')
  readonly injector: FaultInjector
  /** `worker-1 at 5, back after 1000`. */
  readonly crashes: string[] = []
  readonly dead = new Set<string>()
  /** What was made to fail. */
  readonly failed: string[] = []

  constructor(...faults: readonly Fault[]) {
    this.injector = new FaultInjector(faults, this.world, {
      crash: (worker, restartAfterMs) => {
        if (this.dead.has(worker)) return false
        this.crashes.push(`${worker} at ${this.world.now()}, back after ${restartAfterMs}`)
        this.dead.add(worker)
        return true
      },
      compact: () => 0,
      fail: (pattern) => {
        this.failed.push(pattern)
        return pattern !== 'nobody'
      },
    })
    this.world.record({ type: 'job-status-changed', status: 'running', reason: '' })
    this.world.record({
      type: 'subtask-status-changed',
      subtask: subtaskId(vertexId('sum'), 0),
      attempt: attemptId(1),
      worker: workerId('worker-1'),
      status: 'running',
      reason: '',
    })
  }

  happen(...facts: readonly Fact[]): this {
    facts.forEach((fact, index) => {
      this.world.after(index + 1, 'fact', 'test', () => {
        this.world.record(fact)
      })
    })
    return this.run()
  }

  run(): this {
    while (this.world.step());
    return this
  }

  get outcomes(): string[] {
    return this.injector.ledger.reports.map(({ outcome }) => outcome)
  }
}

const triggered = (checkpoint: number): Fact => ({
  type: 'checkpoint-triggered',
  checkpoint: checkpointId(checkpoint),
  kind: 'checkpoint',
  alignment: 'aligned',
})
const crash = (at: Extract<Fault, { kind: 'crash' }>['at'], on = 'worker-1'): Fault => ({
  kind: 'crash',
  on,
  at,
  restartAfterMs: 50,
})

describe('crashes', () => {
  test('by time strike at that time', () => {
    const injected = new Injected(crash({ t: 7.5 })).run()
    expect(injected.crashes).toEqual(['worker-1 at 7.5, back after 50'])
    expect(injected.injector.ledger.reports[0]).toMatchObject({ outcome: 'fired', firedAt: 7.5 })
  })

  test('by protocol point strike right after the nth fact of that kind', () => {
    const injected = new Injected(crash({ point: 'checkpoint-triggered', nth: 2 }))
    injected.happen(triggered(1), { type: 'input-finished' }, triggered(2), triggered(3))
    expect(injected.crashes).toEqual(['worker-1 at 3, back after 50'])
    expect(injected.injector.ledger.reports[0]?.phase).toBe('triggered')
  })

  test("by protocol point come in an event of their own: the fact's author ends its turn first", () => {
    const injected = new Injected(crash({ point: 'checkpoint-triggered', nth: 1 }))
    let isDeadInTurn = true
    injected.world.after(1, 'turn', 'test', () => {
      injected.world.record(triggered(1))
      isDeadInTurn = injected.dead.has('worker-1')
    })
    injected.run()
    expect([isDeadInTurn, injected.dead.has('worker-1')]).toEqual([false, true])
  })

  test('of the default come back after a second', () => {
    const injected = new Injected({ kind: 'crash', on: 'worker-1', at: { t: 1 } }).run()
    expect(injected.crashes).toEqual(['worker-1 at 1, back after 1000'])
  })

  test('of a dead worker have no effect', () => {
    const injected = new Injected(crash({ t: 1 }), crash({ t: 2 })).run()
    expect(injected.outcomes).toEqual(['fired', 'no-effect'])
    expect(injected.crashes).toHaveLength(1)
  })

  test('of a worker that hosts nothing happen, but have no effect on the job', () => {
    const injected = new Injected(crash({ t: 1 }, 'worker-2')).run()
    expect(injected.outcomes).toEqual(['no-effect'])
    expect(injected.crashes).toHaveLength(1)
  })

  test('whose point never comes are not reached', () => {
    const injected = new Injected(crash({ point: 'checkpoint-triggered', nth: 9 }))
    injected.happen(triggered(1))
    expect(injected.outcomes).toEqual(['not-reached'])
  })

  test('that fired are facts, those without effect are not', () => {
    const injected = new Injected(crash({ t: 1 }), crash({ t: 2 })).run()
    expect(injected.world.trace.filter(({ type }) => type === 'fault-fired')).toMatchObject([
      { fault: 0, kind: 'crash', on: 'worker-1', phase: 'idle' },
    ])
  })
})

describe('request faults', () => {
  const delay = (at: { readonly nth: number } | { readonly t: number }, delayMs = 30): Fault => ({
    kind: 'delay',
    on: 'worker-1',
    request: 'produce',
    at,
    delayMs,
  })

  test('strike the nth request of their type and process, once', () => {
    const { injector } = new Injected(delay({ nth: 2 }))
    const delays = ['worker-1', 'worker-2', 'worker-1', 'worker-1'].map(
      (worker) => injector.onRequest(worker, 'produce').delayMs,
    )
    expect(delays).toEqual([0, 0, 30, 0])
    expect(injector.onRequest('worker-1', 'fetch').delayMs).toBe(0)
  })

  test('by time strike the first request at or after it', () => {
    const injected = new Injected(delay({ t: 5 }))
    expect(injected.injector.onRequest('worker-1', 'produce').delayMs).toBe(0)
    injected.world.after(5, 'wait', 'test', () => undefined)
    injected.run()
    expect(injected.injector.onRequest('worker-1', 'produce').delayMs).toBe(30)
    expect(injected.injector.onRequest('worker-1', 'produce').delayMs).toBe(0)
  })

  test('of one moment add up', () => {
    const { injector } = new Injected(
      delay({ nth: 1 }),
      delay({ nth: 1 }, 12),
      { kind: 'duplicate', on: 'worker-1', request: 'produce', at: { nth: 1 }, delayMs: 5 },
      { kind: 'lose-response', on: 'worker-1', request: 'produce', at: { nth: 1 } },
    )
    expect(injector.onRequest('worker-1', 'produce')).toEqual({
      delayMs: 42,
      duplicateAfterMs: 5,
      losesResponse: true,
    })
  })

  test('have defaults: a delay of 100 ms, a copy at once', () => {
    const { injector } = new Injected(
      { kind: 'delay', on: 'job-master', request: 'metadata', at: { nth: 1 } },
      { kind: 'duplicate', on: 'job-master', request: 'metadata', at: { nth: 2 } },
    )
    expect(injector.onRequest('job-master', 'metadata').delayMs).toBe(100)
    expect(injector.onRequest('job-master', 'metadata').duplicateAfterMs).toBe(0)
  })
})

test('the faults are over when no time is still to come', () => {
  const injected = new Injected(crash({ t: 10 }), crash({ point: 'input-finished', nth: 1 }))
  expect(injected.injector.isTimeOver).toBe(false)
  injected.run()
  expect(injected.injector.isTimeOver, 'a point may never come').toBe(true)
})

describe('messages', () => {
  const drop = (fields: object): Fault => ({
    kind: 'drop',
    message: 'element',
    on: 'worker-1',
    at: { nth: 2 },
    ...fields,
  })
  const send = ({ injector }: Injected, to: string, isHeard = true): boolean =>
    injector.loses('worker-1', to, 'element', isHeard)

  test('from the nth of their kind on, as many as the fault takes', () => {
    const injected = new Injected(drop({ count: 2 }))
    const lost = ['a', 'b', 'a', 'b'].map((to) => send(injected, to))
    expect(lost).toEqual([false, true, true, false])
    expect(injected.outcomes).toEqual(['fired'])
  })

  test('with a receiver, only those to there count', () => {
    const injected = new Injected(drop({ to: 'b' }))
    expect(['b', 'a', 'b', 'b'].map((to) => send(injected, to))).toEqual([
      false,
      false,
      true,
      false,
    ])
  })

  test('other kinds and senders are left alone', () => {
    const { injector, outcomes } = new Injected(drop({ at: { nth: 1 } }))
    expect(injector.loses('worker-2', 'a', 'element', true)).toBe(false)
    expect(injector.loses('worker-1', 'a', 'credit', true)).toBe(false)
    expect(outcomes).toEqual(['not-reached'])
  })

  test('to nobody who would have heard them are lost without effect', () => {
    const injected = new Injected(drop({ at: { t: 0 } }))
    expect(send(injected, 'a', false)).toBe(true)
    expect(injected.outcomes).toEqual(['no-effect'])
  })
})

describe('severed links', () => {
  const sever = (isOneWay: boolean): Fault => ({
    kind: 'sever',
    on: 'worker-1',
    to: 'job-master',
    at: { t: 5 },
    forMs: 10,
    isOneWay,
  })

  test.each([true, false])('lose everything until they heal (one way: %s)', (isOneWay) => {
    const injected = new Injected(sever(isOneWay))
    const lost: string[] = []
    for (const t of [4, 6, 14, 16]) {
      injected.world.at(t * 1000, 'send', 'test', () => {
        const { injector } = injected
        if (injector.loses('worker-1', 'job-master', 'heartbeat', true)) lost.push(`out ${t}`)
        if (injector.loses('job-master', 'worker-1', 'deploy', true)) lost.push(`in ${t}`)
        expect(injector.loses('worker-1', 'worker-2', 'element', true)).toBe(false)
        expect(injector.isTimeOver).toBe(t === 16)
      })
    }
    injected.run()
    expect(lost).toEqual(isOneWay ? ['out 6', 'out 14'] : ['out 6', 'in 6', 'out 14', 'in 14'])
    expect(injected.outcomes).toEqual(['fired'])
  })

  test('over which nothing went had no effect', () => {
    expect(new Injected(sever(false)).run().outcomes).toEqual(['no-effect'])
  })
})

describe('failures', () => {
  test('strike one of the subtasks that match, or nobody', () => {
    const injected = new Injected(
      { kind: 'fail', on: 'sum/*', at: { t: 3 } },
      { kind: 'fail', on: 'nobody', at: { t: 4 } },
    ).run()
    expect(injected.failed).toEqual(['sum/*', 'nobody'])
    expect(injected.outcomes).toEqual(['fired', 'no-effect'])
  })
})

/**
 * One fault at one protocol step each, on the main job: the result is right every time, and the trace shows that the
 * interesting thing really happened.
 */
import { describe, expect, test } from 'vitest'
import { present } from '../../engine/assert.ts'
import { REQUEST_TIMEOUT_MS } from '../../engine/kafka/kafka-client.ts'
import type { EventOf, FactType, TraceEvent } from '../../engine/trace.ts'
import trafficStatistics from '../../lessons/jobs/traffic-statistics.ts'
import type { Fault, Plan, PlanConfig } from '../../sim/plan/plan.ts'
import { Simulation } from '../../sim/simulation.ts'
import { inputLines } from '../../sim/workload/workload.ts'

/** Crashes right after the nth fact of a kind; the worker is back long before its silence would tell. */
const crash = (on: string, point: FactType, nth = 1, restartAfterMs = 1000): Fault => ({
  kind: 'crash',
  on,
  at: { point, nth },
  restartAfterMs,
})

class Run {
  readonly simulation: Simulation
  readonly result

  constructor(faults: readonly Fault[], config: PlanConfig = {}, seed = 11) {
    const plan: Plan = {
      v: 1,
      job: { builtin: 'traffic-statistics' },
      config: {
        parallelism: 2,
        checkpointIntervalMs: 300,
        inputDurationMs: 1200,
        ...config,
      },
      seed,
      input: { generator: 'traffic', params: { records: 240, addresses: 20 } },
      faults,
    }
    this.simulation = new Simulation(trafficStatistics, plan, { lines: inputLines(plan) })
    this.result = this.simulation.run()
  }

  /** The verdict is that nothing is wrong, and every fault hit something. */
  passes(): this {
    expect(this.result.verdict).toEqual({ outcome: 'passed', violations: [] })
    expect(this.result.faults.map(({ outcome }) => outcome)).toEqual(
      this.result.faults.map(() => 'fired'),
    )
    expect(this.result.summary).toMatchObject({ lost: 0, duplicated: 0, records: 240 })
    return this
  }

  get trace(): readonly TraceEvent[] {
    return this.simulation.trace
  }

  all<T extends FactType>(type: T): EventOf<T>[] {
    return this.trace.filter((event): event is EventOf<T> => event.type === type)
  }

  /** The first event of a type that the test holds for. */
  first<T extends FactType>(type: T, is: (event: EventOf<T>) => boolean = () => true): EventOf<T> {
    return present(this.all(type).find(is), `The trace has such a ${type}.`)
  }

  /** The crash of the plan, or its nth. */
  crashed(nth = 0): EventOf<'worker-crashed'> {
    return present(this.all('worker-crashed')[nth], 'A worker crashed.')
  }

  get phases(): (string | null)[] {
    return this.result.faults.map(({ phase }) => phase)
  }

  /** Checkpoints that the restarts began with. */
  get restoredFrom(): (number | null)[] {
    return this.all('restart-started').map(({ checkpoint }) => checkpoint)
  }
}

describe('recovery: worker crashes', () => {
  test('before the first checkpoint (parallelism 2): the job begins anew', () => {
    const run = new Run([crash('worker-1', 'batch-appended', 20)], { checkpointIntervalMs: 5000 })
    run.passes()
    expect(run.restoredFrom).toEqual([null])
    const before = run.all('split-assigned').filter(({ seq }) => seq < run.crashed().seq)
    expect(before.length).toBe(run.all('split-assigned').length - before.length)
  })

  test('between two checkpoints (parallelism 2): what came after the last one is aborted and written again', () => {
    const run = new Run([crash('worker-1', 'batch-appended', 50)]).passes()
    expect(run.phases).toEqual(['idle'])
    const latest = run
      .all('checkpoint-completed')
      .filter(({ seq }) => seq < run.crashed().seq)
      .at(-1)
    expect(run.restoredFrom).toEqual([latest?.checkpoint])
    const aborted = run
      .all('transaction-state-changed')
      .filter(({ state }) => state === 'PrepareAbort')
    expect(aborted.length).toBeGreaterThan(0)
    expect(run.all('split-restored').some(({ offset }) => offset > 0)).toBe(true)
  })

  test('when a checkpoint is triggered (parallelism 2): it is aborted', () => {
    const run = new Run([crash('worker-1', 'checkpoint-triggered', 2)]).passes()
    expect(run.phases).toEqual(['triggered'])
    expect(run.first('checkpoint-aborted')).toMatchObject({
      checkpoint: 2,
      reason: 'the job was restarted',
    })
    expect(run.restoredFrom).toEqual([1])
  })

  test('while barriers are being aligned (parallelism 2): it is aborted', () => {
    const run = new Run([crash('worker-1', 'channel-blocked', 3)]).passes()
    expect(run.phases).toEqual(['aligning'])
    const blocked = present(run.all('channel-blocked')[2], 'The third channel was blocked.')
    expect(run.first('checkpoint-aborted').checkpoint).toBe(blocked.checkpoint)
  })

  test('between snapshot and acknowledgement (parallelism 2): it is aborted', () => {
    const run = new Run([crash('worker-1', 'snapshot-taken', 8)]).passes()
    const taken = present(run.all('snapshot-taken')[7], 'The eighth snapshot was taken.')
    expect(run.phases).toEqual(['snapshotting'])
    const acknowledged = run
      .all('checkpoint-acknowledged')
      .filter(({ checkpoint }) => checkpoint === taken.checkpoint)
    expect(acknowledged.length, 'not all of them').toBeLessThan(4)
    expect(run.first('checkpoint-aborted').checkpoint).toBe(taken.checkpoint)
    expect(run.restoredFrom).toEqual([taken.checkpoint - 1])
  })

  test('between acknowledgement and completion (parallelism 2): it completes, and the next attempt commits it', () => {
    const run = new Run([crash('worker-1', 'checkpoint-acknowledged', 8)]).passes()
    expect(run.phases).toEqual(['storing'])
    const completed = run.first('checkpoint-completed', ({ seq }) => seq > run.crashed().seq)
    expect(completed.checkpoint).toBe(2)
    expect(run.restoredFrom).toEqual([2])
    const recommitted = run.all('transaction-committed').filter(({ isRecommit }) => isRecommit)
    expect(recommitted.some(({ checkpoint }) => checkpoint === 2)).toBe(true)
  })

  test('between completion and its news (parallelism 2): the next attempt commits what the dead one prepared', () => {
    const run = new Run([crash('worker-1', 'checkpoint-completed', 2)]).passes()
    expect(run.phases).toEqual(['committing'])
    const dead = run
      .all('subtask-status-changed')
      .filter(({ seq, worker }) => seq < run.crashed().seq && worker === 'worker-1')
      .map(({ subtask }) => subtask)
    const heard = run
      .all('completion-received')
      .filter(({ checkpoint, subtask }) => checkpoint === 2 && dead.includes(subtask))
    expect(heard).toEqual([])
    const recommitted = run.all('transaction-committed').filter(({ isRecommit }) => isRecommit)
    expect(recommitted.map(({ checkpoint }) => checkpoint)).toContain(2)
    expect(recommitted.every(({ seq }) => seq > run.crashed().seq)).toBe(true)
  })

  test('between prepare and commit (parallelism 2): what no completed checkpoint names is aborted', () => {
    const run = new Run([crash('worker-1', 'transaction-prepared', 5)]).passes()
    const prepared = present(run.all('transaction-prepared')[4], 'The fifth was prepared.')
    const { checkpoint, transactionalId } = prepared
    const isCompleted = run
      .all('checkpoint-completed')
      .some((event) => event.checkpoint === checkpoint)
    expect(isCompleted).toBe(false)
    const ended = run.first(
      'transaction-state-changed',
      (event) =>
        event.seq > prepared.seq &&
        event.transactionalId === transactionalId &&
        event.state.startsWith('Prepare'),
    )
    expect(ended.state).toBe('PrepareAbort')
  })

  test('between the decision to commit and its markers (parallelism 2): the broker finishes it alone', () => {
    const run = new Run([crash('worker-1', 'marker-appended', 3)]).passes()
    expect(
      run.all('marker-appended').filter(({ result }) => result === 'commit').length,
    ).toBeGreaterThan(3)
    expect(run.all('restart-started')).toHaveLength(1)
  })

  test('while the job restores (parallelism 2): it restores again, from the same checkpoint', () => {
    const run = new Run([
      crash('worker-1', 'checkpoint-completed', 2),
      crash('worker-2', 'restore-started', 2, 50),
    ]).passes()
    expect(run.phases[1]).toBe('restoring')
    expect(run.restoredFrom).toEqual([2, 2])
  })

  test('while the job replays (parallelism 1): it is one longer recovery', () => {
    const run = new Run(
      [crash('worker-1', 'batch-appended', 60, 100), crash('worker-1', 'split-restored', 1, 100)],
      { parallelism: 1, workers: 1 },
    ).passes()
    expect(run.all('restart-started')).toHaveLength(2)
    expect(run.result.summary.recoveries).toHaveLength(1)
    expect(run.result.summary.recoveries[0]?.restarts).toBe(2)
  })

  test('both at once (parallelism 2): the job waits for them and recovers', () => {
    const run = new Run([
      crash('worker-1', 'checkpoint-completed', 2),
      crash('worker-2', 'checkpoint-completed', 2),
    ]).passes()
    expect(run.all('worker-crashed')).toHaveLength(2)
    expect(run.all('restart-started').length).toBeGreaterThanOrEqual(1)
  })

  test('one after the other (parallelism 2): each recovery is its own', () => {
    const run = new Run(
      [
        crash('worker-1', 'checkpoint-completed', 1, 100),
        crash('worker-2', 'checkpoint-completed', 5, 100),
      ],
      { inputDurationMs: 2400 },
    ).passes()
    expect(run.result.summary.recoveries.length).toBe(2)
    const [first, second] = run.restoredFrom
    expect(second).toBeGreaterThan(first ?? Infinity)
  })

  test('and is back before its silence tells (parallelism 2): its new registration gives it away', () => {
    const run = new Run([crash('worker-1', 'checkpoint-completed', 2, 50)]).passes()
    expect(run.first('worker-lost').reason).toBe('it registered again after a restart')
    expect(run.first('worker-lost').at - run.crashed().at).toBeLessThan(60)
  })

  test('and stays away for a while (parallelism 2): its silence gives it away, the other one takes over', () => {
    const run = new Run([crash('worker-1', 'checkpoint-completed', 2, 3000)]).passes()
    expect(run.first('worker-lost').reason).toBe('no heartbeat for 500 ms')
    const started = run.first('restart-started')
    const deployed = run
      .all('subtask-status-changed')
      .filter(({ seq, status }) => seq > started.seq && status === 'running')
    expect(new Set(deployed.map(({ worker }) => worker))).toEqual(new Set(['worker-2']))
  })
})

describe('requests: between a worker and the broker', () => {
  const fault = (
    kind: 'delay' | 'duplicate' | 'lose-response',
    request: 'produce' | 'end-txn',
    nth: number,
    delayMs?: number,
  ): Fault => ({
    kind,
    on: 'worker-1',
    request,
    at: { nth },
    ...(delayMs === undefined ? {} : { delayMs }),
  })

  test('a lost answer to EndTxn (parallelism 1): it is asked again and committed once', () => {
    const run = new Run([fault('lose-response', 'end-txn', 1)], {
      parallelism: 1,
      workers: 1,
    }).passes()
    const decided = run.first('transaction-state-changed', ({ state }) => state === 'PrepareCommit')
    const { transactionalId, producerEpoch } = decided
    const isSame = (event: { transactionalId: string; producerEpoch: number }): boolean =>
      event.transactionalId === transactionalId && event.producerEpoch === producerEpoch
    const committed = run.all('transaction-committed').filter(isSame)
    expect(committed).toHaveLength(1)
    expect((committed[0]?.at ?? 0) - decided.at).toBeGreaterThan(REQUEST_TIMEOUT_MS)
    const decisions = run
      .all('transaction-state-changed')
      .filter((event) => isSame(event) && event.state === 'PrepareCommit')
    expect(decisions).toHaveLength(1)
  })

  test('a lost answer to a batch (parallelism 1): the repeated batch is recognized', () => {
    const run = new Run([fault('lose-response', 'produce', 4)], {
      parallelism: 1,
      workers: 1,
    }).passes()
    expect(run.all('duplicate-recognized')).toHaveLength(1)
  })

  test('a batch that comes twice (parallelism 1) is appended once', () => {
    const run = new Run([fault('duplicate', 'produce', 4)], { parallelism: 1, workers: 1 }).passes()
    expect(run.all('duplicate-recognized')).toHaveLength(1)
  })

  test('a late copy of EndTxn (parallelism 1) does not end the next transaction', () => {
    const run = new Run([fault('duplicate', 'end-txn', 1, 400)], {
      parallelism: 1,
      workers: 1,
    }).passes()
    expect(run.all('checkpoint-completed').length).toBeGreaterThan(2)
  })

  test('a delayed batch of a dead worker (parallelism 2) is refused: its successor has fenced it', () => {
    const run = new Run([fault('delay', 'produce', 6, 400), crash('worker-1', 'fault-fired', 1, 0)])
    run.passes()
    const refused = run.first('producer-fenced')
    expect(refused.request).toBe('produce')
    expect(refused.seq).toBeGreaterThan(run.crashed().seq)
    const successor = run.first(
      'transaction-fenced',
      ({ seq, transactionalId }) =>
        seq > run.crashed().seq && transactionalId === refused.transactionalId,
    )
    expect(successor.seq).toBeLessThan(refused.seq)
    expect(successor.producerEpoch).toBeGreaterThan(refused.producerEpoch)
  })

  test('a delayed EndTxn of a dead worker (parallelism 2) commits what was to be committed, and nothing else', () => {
    const run = new Run([fault('delay', 'end-txn', 1, 400), crash('worker-1', 'fault-fired', 1, 0)])
    run.passes()
    expect(run.all('transaction-committed').some(({ isRecommit }) => isRecommit)).toBe(true)
  })
})

describe('determinism', () => {
  const faults = [crash('worker-1', 'checkpoint-completed', 2)]

  test('the same plan gives the same hash, another seed another one (D1)', () => {
    const [a, b, c] = [new Run(faults), new Run(faults), new Run(faults, {}, 12)]
    expect(b.result.traceHash).toBe(a.result.traceHash)
    expect(c.result.traceHash).not.toBe(a.result.traceHash)
  })

  test('a fault whose moment never comes leaves the hash of the run as it is (D2)', () => {
    const plain = new Run(faults)
    const more = new Run([
      ...faults,
      crash('worker-2', 'checkpoint-declined', 7),
      { kind: 'delay', on: 'worker-2', request: 'txn-offset-commit', at: { nth: 1 } },
    ])
    expect(more.result.faults.slice(1).map(({ outcome }) => outcome)).toEqual([
      'not-reached',
      'not-reached',
    ])
    expect(more.result.traceHash).toBe(plain.result.traceHash)
  })

  test('a crash of a worker that does not exist changes neither verdict nor outputs (D2)', () => {
    const plain = new Run([])
    const more = new Run([crash('worker-9', 'checkpoint-completed', 1)])
    expect(more.result.faults[0]?.outcome).toBe('no-effect')
    expect(more.result.verdict).toEqual(plain.result.verdict)
    expect(more.result.history.outputs).toEqual(plain.result.history.outputs)
  })

  test('neither slices nor the level of the trace change the run', () => {
    const { simulation, result } = new Run(faults)
    const { plan } = simulation
    const sliced = new Simulation(trafficStatistics, plan, {
      lines: inputLines(plan),
      traceLevel: 'records',
    })
    while (sliced.advance(7));
    expect(sliced.result().traceHash).toBe(result.traceHash)
    expect(sliced.trace.length).toBeGreaterThan(simulation.trace.length)
  })
})

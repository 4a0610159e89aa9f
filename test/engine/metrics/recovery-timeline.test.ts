/** Recoveries as a fold over the trace. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  attemptId,
  checkpointId,
  millis,
  subtaskId,
  vertexId,
  workerId,
} from '../../../engine/ids.ts'
import { durationsOf, phasesOf, timesOf } from '../../../engine/metrics/recovery-durations.ts'
import { type Recovery, RecoveryTimeline } from '../../../engine/metrics/recovery-timeline.ts'
import type { Fact, SubtaskStatus } from '../../../engine/trace.ts'
import { seeded } from '../../seeded.ts'

/** Writes the trace of a job with two subtasks on two workers that read one split each. */
class Run {
  readonly timeline = new RecoveryTimeline()
  #seq = 0

  at(at: number, ...facts: readonly Fact[]): this {
    for (const fact of facts) {
      this.timeline.observe({ ...fact, seq: this.#seq, at: millis(at), cause: this.#seq - 1 })
      this.#seq += 1
    }
    return this
  }

  /** A job that runs and has caught up. */
  start(): this {
    this.at(0, ...status('deploying', 0), ...status('deploying', 1))
    this.at(1, ...status('running', 0), ...status('running', 1))
    return this.at(2, split('assigned', 0), split('assigned', 1)).caughtUp(3)
  }

  crash(at: number, worker = 'worker-1'): this {
    return this.at(at, { type: 'worker-crashed', worker: workerId(worker), incarnation: 1 })
  }

  detect(at: number, reason = 'worker-1 is lost'): this {
    return this.at(
      at,
      { type: 'job-status-changed', status: 'restarting', reason },
      ...status('failed', 0),
      ...status('canceled', 1),
    )
  }

  /** The restart begins, from checkpoint 1 or from nothing. */
  restart(at: number, checkpoint: number | null = 1): this {
    const id = checkpoint === null ? null : checkpointId(checkpoint)
    return this.at(
      at,
      { type: 'restart-started', restart: 1, checkpoint: id, subtasks: [] },
      ...status('deploying', 0),
      ...status('deploying', 1),
    )
  }

  restore(at: number): this {
    return this.at(at, ...status('initializing', 0), ...status('initializing', 1))
  }

  /** Both readers continue where the checkpoint says, and run. */
  run(at: number): this {
    return this.at(
      at,
      split('restored', 0),
      ...status('running', 0),
      split('restored', 1),
      ...status('running', 1),
    )
  }

  caughtUp(at: number, partition?: number): this {
    const partitions = partition === undefined ? [0, 1] : [partition]
    return this.at(at, ...partitions.map((number) => split('caught-up', number)))
  }

  get only(): Recovery | undefined {
    expect(this.timeline.recoveries).toHaveLength(1)
    return this.timeline.recoveries[0]
  }
}

function status(value: SubtaskStatus, index: number): Fact[] {
  const subtask = subtaskId(vertexId('source'), index)
  const worker = workerId(`worker-${index + 1}`)
  return [
    {
      type: 'subtask-status-changed',
      subtask,
      attempt: attemptId(1),
      worker,
      status: value,
      reason: '',
    },
  ]
}

const ALIGNED = { kind: 'checkpoint', alignment: 'aligned' } as const

function progress(partition: number, offset: number, lag = 0): Fact {
  const subtask = subtaskId(vertexId('source'), partition)
  return { type: 'split-progressed', subtask, topic: 'in', partition, offset, lag }
}

function split(what: 'assigned' | 'restored' | 'caught-up', partition: number): Fact {
  const subtask = subtaskId(vertexId('source'), partition)
  return { type: `split-${what}`, subtask, topic: 'in', partition, offset: 0 }
}

test('a run without failure has no recovery', () => {
  expect(new Run().start().timeline.recoveries).toEqual([])
})

test('a recovery goes from the crash to the moment when every split was read to its end again', () => {
  const run = new Run().start().crash(100).detect(600).restart(700).restore(710).run(750)
  expect(run.only?.caughtUpAt).toBeNull()
  run.caughtUp(800, 1).caughtUp(950, 0)
  expect(run.only).toMatchObject({
    reason: 'worker-1 crashed',
    failedAt: 100,
    detectedAt: 600,
    canceledAt: 600,
    restartedAt: 700,
    restoreStartedAt: 710,
    runningAt: 750,
    regainedAt: 750,
    caughtUpAt: 950,
    restarts: 1,
    checkpoint: 1,
    ageMs: null,
    initializations: [{ startMs: 10 }, { startMs: 10 }],
  })
  expect(durationsOf(run.only as Recovery)).toEqual({
    detectMs: 500,
    restartMs: 110,
    restoreMs: 40,
    catchUpMs: 200,
  })
})

test('a failure that nobody caused from outside is detected when it happens', () => {
  const run = new Run().start().detect(100, 'sum/0 failed: boom').restart(200).restore(200).run(210)
  run.caughtUp(220)
  expect(run.only).toMatchObject({ reason: 'sum/0 failed: boom', failedAt: 100, detectedAt: 100 })
})

test('a job that starts from nothing again has caught up when it has read everything again', () => {
  const run = new Run().start().crash(100).detect(600).restart(700, null).restore(710)
  run.at(750, ...status('running', 0), ...status('running', 1))
  expect(run.only?.caughtUpAt, 'its splits are not even assigned').toBeNull()
  run.at(760, split('assigned', 0), split('assigned', 1)).caughtUp(900)
  expect(run.only?.caughtUpAt).toBe(900)
})

test('it runs when the last subtask does', () => {
  const run = new Run().start().crash(100).detect(600).restart(700).restore(710)
  run.at(720, ...status('running', 0))
  expect(run.only?.runningAt).toBeNull()
  run.at(790, ...status('running', 1))
  expect(run.only?.runningAt).toBe(790)
})

test('what an old attempt had read does not count as caught up', () => {
  const run = new Run()
    .start()
    .crash(100)
    .caughtUp(110)
    .detect(600)
    .restart(700)
    .restore(710)
    .run(750)
  expect(run.only?.caughtUpAt).toBeNull()
})

describe('a failure during a recovery belongs to it', () => {
  test('before the restart', () => {
    const run = new Run().start().crash(100).crash(300, 'worker-2').detect(600)
    run.restart(700).restore(710).run(750).caughtUp(800)
    expect(run.only).toMatchObject({ failedAt: 100, restarts: 1 })
  })

  test('while it restores: restore and running are those of the last restart', () => {
    const run = new Run().start().crash(100).detect(600).restart(700).restore(710)
    run.crash(720).detect(1200).restart(1300).restore(1310).run(1350).caughtUp(1400)
    expect(run.only).toMatchObject({
      failedAt: 100,
      detectedAt: 600,
      restoreStartedAt: 1310,
      runningAt: 1350,
      caughtUpAt: 1400,
      restarts: 2,
    })
  })

  test('while it replays', () => {
    const run = new Run().start().crash(100).detect(600).restart(700).restore(710).run(750)
    run.crash(760).detect(1200).restart(1300).restore(1310).run(1350).caughtUp(1400)
    expect(run.only?.restarts).toBe(2)
  })
})

test('a failure after a recovery is another one', () => {
  const run = new Run().start()
  for (const start of [100, 2000]) {
    run
      .crash(start)
      .detect(start + 500)
      .restart(start + 600)
      .restore(start + 610)
    run.run(start + 650).caughtUp(start + 700)
  }
  expect(run.timeline.recoveries.map(({ failedAt, caughtUpAt }) => [failedAt, caughtUpAt])).toEqual(
    [
      [100, 800],
      [2000, 2700],
    ],
  )
})

test('a crash of a worker that hosts nothing is no failure', () => {
  expect(new Run().start().crash(100, 'worker-3').timeline.recoveries).toEqual([])
})

test('an unfinished recovery has no durations', () => {
  const run = new Run().start().crash(100).detect(600).restart(700).restore(710)
  expect(durationsOf(run.only as Recovery)).toBeNull()
})

test('what was read before the failure is regained before what came meanwhile is caught up with', () => {
  const run = new Run().start().at(50, progress(0, 40), progress(1, 60))
  run.at(60, { type: 'checkpoint-triggered', checkpoint: checkpointId(1), ...ALIGNED })
  run.at(90, progress(0, 80)).crash(100).detect(600).restart(700).restore(710).run(750)
  run.at(800, progress(0, 70, 20), progress(1, 60, 20))
  expect(run.only?.regainedAt).toBeNull()
  run.at(850, progress(0, 80, 10)).at(950, progress(0, 90), progress(1, 80))
  expect(run.only).toMatchObject({ regainedAt: 850, ageMs: 40 })
  expect(timesOf(run.only as Recovery)).toEqual({ rt1Ms: 650, rt2Ms: 750, rt3Ms: 850 })
  expect(phasesOf(run.only as Recovery)).toEqual({
    detectMs: 500,
    cancelMs: 0,
    delayMs: 100,
    redeployMs: 10,
    restoreMs: 40,
    replayMs: 100,
    catchUpMs: 100,
  })
})

test('with steady input there is always some lag: as much as before the failure counts as none', () => {
  const run = new Run()
    .start()
    .at(50, progress(0, 40, 7), progress(1, 60, 3))
    .crash(100)
  run.detect(600).restart(700).restore(710).run(750)
  run.at(800, progress(0, 45, 30), progress(1, 65, 3)).caughtUp(810)
  expect(run.only?.caughtUpAt, 'a reader that tells its lag is believed').toBeNull()
  run.at(900, progress(0, 75, 7))
  expect(run.only?.caughtUpAt).toBe(900)
})

test('what subtasks had processed since the checkpoint is owed, and what waits before them is backlog', () => {
  const work = (records: number, attempt: number, isIdle: boolean): Fact => ({
    type: 'subtask-progressed',
    subtask: subtaskId(vertexId('sum'), 0),
    attempt: attemptId(attempt),
    records,
    isIdle,
  })
  const sum = (value: SubtaskStatus, attempt: number): Fact => ({
    type: 'subtask-status-changed',
    subtask: subtaskId(vertexId('sum'), 0),
    attempt: attemptId(attempt),
    worker: workerId('worker-1'),
    status: value,
    reason: '',
  })
  const cut = { subtask: subtaskId(vertexId('sum'), 0), startDelayMs: 0, alignmentMs: 0 }
  const run = new Run().start().at(10, sum('running', 1), work(500, 1, false))
  run.at(20, { type: 'snapshot-taken', checkpoint: checkpointId(1), ...cut, records: 600 })
  run
    .at(90, work(640, 1, true))
    .crash(100)
    .detect(600)
    .restart(700)
    .restore(710)
  run
    .at(720, sum('running', 2))
    .run(750)
    .at(800, work(39, 2, false))
  run.caughtUp(810)
  expect(run.only).toMatchObject({ regainedAt: null, caughtUpAt: null })
  run.at(820, work(40, 2, false))
  expect(run.only).toMatchObject({ regainedAt: 820, caughtUpAt: null })
  run.at(900, work(70, 2, true))
  expect(run.only?.caughtUpAt).toBe(900)
})

test('the last attempt to end before the restart ends the cancellation', () => {
  const run = new Run()
    .start()
    .crash(100)
    .detect(600)
    .at(640, ...status('canceled', 1))
  run.restart(700).restore(710).run(750).caughtUp(800)
  expect(run.only).toMatchObject({ detectedAt: 600, canceledAt: 640, restartedAt: 700 })
})

test('a job master that crashed takes the job down', () => {
  const run = new Run().start().at(100, { type: 'master-crashed', incarnation: 1 })
  run.restart(700).restore(710).run(750).caughtUp(800)
  expect(run.only).toMatchObject({ failedAt: 100, detectedAt: 700, canceledAt: 700 })
})

test('for all recoveries the parts add up to the whole, to the microsecond', () => {
  const gaps = fc.array(fc.nat({ max: 2_000_000 }), { minLength: 5, maxLength: 5 })
  fc.assert(
    fc.property(gaps, (micros) => {
      let at = 1000
      const times = micros.map((gap) => (at += gap)).map((time) => time / 1000)
      const [failed = 0, detected = 0, restored = 0, running = 0, caughtUp = 0] = times
      const run = new Run().start().crash(failed).detect(detected).restart(detected)
      run.restore(restored).run(running).caughtUp(caughtUp)
      const parts = durationsOf(run.only as Recovery)
      if (parts === null) throw new Error('The recovery has ended.')
      for (const some of [parts, phasesOf(run.only as Recovery)]) {
        const values: readonly number[] = Object.values(some ?? {})
        const sum = values.reduce((total, part) => total + Math.round(part * 1000), 0)
        expect(sum).toBe(Math.round(caughtUp * 1000) - Math.round(failed * 1000))
        expect(Math.min(...values)).toBeGreaterThanOrEqual(0)
      }
    }),
    seeded(),
  )
})

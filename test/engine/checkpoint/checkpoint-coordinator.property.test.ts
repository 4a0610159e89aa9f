/** The invariants F-I1, F-I2 and F-I5 of the checkpoint coordinator, over random sequences of inputs. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type {
  CoordinatorEffect,
  CoordinatorInput,
} from '../../../engine/checkpoint/coordinator-protocol.ts'
import { checkpointId } from '../../../engine/ids.ts'
import { seeded } from '../../seeded.ts'
import { Coordination, handle, subtask } from './coordinator-dsl.ts'

describe('for every sequence of inputs', () => {
  // `own`: of the attempts that are deployed; `other`: of the former ones.
  const lines = fc.constantFrom(
    'interval',
    'ack a own',
    'ack b own',
    'stored',
    'stored late',
    'ack c own',
    'start',
    'ack a other',
    'ack b other',
    'timeout',
    'decline',
    'timeout late',
    'decline late',
  )
  const phrases = fc.oneof(
    { arbitrary: lines.map((line) => [line]), weight: 8 },
    { arbitrary: fc.constant(['interval', 'ack a own', 'ack b own', 'stored']), weight: 1 },
    {
      arbitrary: fc.constantFrom(['stop'], ['stop', 'start'], ['stop', 'start', 'interval']),
      weight: 1,
    },
  )
  const scripts = fc
    .array(phrases, { minLength: 20, maxLength: 60, size: 'max' })
    .map((found) => found.flat())

  interface Step {
    readonly input: CoordinatorInput
    readonly effects: readonly CoordinatorEffect[]
    /** Of the subtasks that are deployed when the input comes. */
    readonly attempt: number
  }

  /** Every stop is followed by a deployment with the other of two attempts. */
  function run(script: readonly string[]): Step[] {
    const job = new Coordination({ tolerableFailures: 3 })
    const steps: Step[] = []
    let attempt = 1
    for (const line of ['start', ...script]) {
      job.now += 7
      job.attempt = attempt
      const input = inputOf(line, job, attempt)
      if (input !== null) steps.push({ input, effects: job.input(input), attempt })
      if (line === 'stop') attempt = 3 - attempt
    }
    return steps
  }

  function inputOf(line: string, job: Coordination, attempt: number): CoordinatorInput | null {
    const [word = '', name = '', whose = ''] = line.split(' ')
    const pending = job.pending?.id ?? checkpointId(1)
    if (name === 'late' && pending === 1) return null
    const checkpoint = name === 'late' ? checkpointId(pending - 1) : pending
    switch (word) {
      case 'start':
        return { type: 'scheduler-started', firstDelayMs: 0 }
      case 'stop':
        return { type: 'scheduler-stopped', failure: { type: 'failover' } }
      case 'interval':
        return { type: 'interval-elapsed' }
      case 'ack': {
        const acknowledged = handle(checkpoint, name, whose === 'own' ? attempt : 3 - attempt)
        return { type: 'acknowledged', checkpoint, handle: acknowledged }
      }
      case 'timeout':
        return { type: 'timed-out', checkpoint }
      case 'decline': {
        const failure = {
          type: 'declined',
          subtask: subtask('a'),
          reason: '',
          isFailure: true,
        } as const
        return { type: 'declined', checkpoint, failure }
      }
      default:
        // The storage answers only what it was asked for, but that possibly too late.
        return name === 'late' || job.pending?.phase === 'storing'
          ? { type: 'metadata-stored', checkpoint }
          : null
    }
  }

  test('the sequences complete checkpoints, abort them, and bring acknowledgements of former attempts', () => {
    const effects = fc
      .sample(scripts, seeded(200))
      .flatMap((script) => run(script).flatMap((step) => step.effects))
    const count = (type: CoordinatorEffect['type']): number =>
      effects.filter((effect) => effect.type === type).length
    expect(count('complete')).toBeGreaterThan(200)
    expect(count('notify-aborted')).toBeGreaterThan(200)
    expect(count('discard')).toBeGreaterThan(1000)
  })

  test('ids strictly increase, from 1 and without gap (F-I1)', () => {
    fc.assert(
      fc.property(scripts, (script) => {
        const announced = run(script)
          .flatMap(({ effects }) => effects)
          .flatMap((effect) => (effect.type === 'announce' ? [effect.checkpoint] : []))
        expect(announced).toEqual(announced.map((_, i) => i + 1))
      }),
      seeded(200),
    )
  })

  test('a checkpoint is completed or aborted, once, before the next one begins', () => {
    fc.assert(
      fc.property(scripts, (script) => {
        let pending: number | null = null
        for (const effect of run(script).flatMap(({ effects }) => effects)) {
          if (effect.type === 'announce') {
            expect(pending).toBeNull()
            pending = effect.checkpoint
          } else if (effect.type === 'complete' || effect.type === 'notify-aborted') {
            const id = effect.type === 'complete' ? effect.metadata.checkpoint : effect.checkpoint
            expect(id).toBe(pending)
            pending = null
          }
        }
      }),
      seeded(200),
    )
  })

  test('completion is announced only in answer to the storage, of what was given to it (F-I2)', () => {
    fc.assert(
      fc.property(scripts, (script) => {
        const given = new Set<unknown>()
        for (const { input, effects } of run(script)) {
          for (const effect of effects) {
            if (effect.type === 'store-metadata') given.add(JSON.stringify(effect.metadata))
            if (effect.type !== 'complete') continue
            expect(input.type).toBe('metadata-stored')
            expect(given.has(JSON.stringify(effect.metadata))).toBe(true)
          }
        }
      }),
      seeded(200),
    )
  })

  test('a stored checkpoint has one handle of every subtask, of the attempts that it was triggered for (F-I5)', () => {
    fc.assert(
      fc.property(scripts, (script) => {
        const attemptOf = new Map<number, number>()
        for (const { effects, attempt } of run(script)) {
          for (const effect of effects) {
            if (effect.type === 'announce') attemptOf.set(effect.checkpoint, attempt)
            if (effect.type !== 'store-metadata') continue
            const { checkpoint, handles } = effect.metadata
            expect(handles.map((each) => each.subtask).toSorted()).toEqual(['a/0', 'b/0'])
            for (const each of handles) expect(each.attempt).toBe(attemptOf.get(checkpoint))
          }
        }
      }),
      seeded(200),
    )
  })
})

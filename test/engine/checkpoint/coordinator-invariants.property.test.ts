/**
 * The invariants of the checkpoint coordinator with savepoints, several checkpoints at a time, slow storage, and messages
 * that come late or twice: F-I1, F-I2, F-I3, F-I5 and F-I10 over random sequences of inputs.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { present } from '../../../engine/assert.ts'
import { isSavepoint } from '../../../engine/checkpoint/checkpoint-kind.ts'
import type {
  CoordinatorEffect,
  CoordinatorInput,
  CoordinatorState,
} from '../../../engine/checkpoint/coordinator-protocol.ts'
import type { SnapshotHandle } from '../../../engine/checkpoint/snapshot-handle.ts'
import { checkpointId } from '../../../engine/ids.ts'
import { seeded } from '../../seeded.ts'
import { objectsIn } from '../snapshot-handles.ts'
import { Coordination, handle, subtask } from './coordinator-dsl.ts'

interface Word {
  readonly verb:
    | 'interval'
    | 'ack'
    | 'acks'
    | 'stored'
    | 'store-failed'
    | 'store-unknown'
    | 'timeout'
    | 'decline'
    | 'savepoint'
    | 'stop-with'
    | 'cleaned'
    | 'restart'
  /** How many checkpoints before the newest one; which subtask; whether of a former attempt. */
  readonly back: number
  readonly who: 'a' | 'b'
  readonly isStale: boolean
}

const word: fc.Arbitrary<Word> = fc.record({
  verb: fc.oneof(
    { arbitrary: fc.constantFrom('interval' as const, 'acks' as const), weight: 8 },
    { arbitrary: fc.constantFrom('stored' as const, 'cleaned' as const), weight: 6 },
    { arbitrary: fc.constantFrom('ack' as const, 'savepoint' as const), weight: 4 },
    {
      arbitrary: fc.constantFrom(
        'store-failed' as const,
        'store-unknown' as const,
        'timeout' as const,
        'decline' as const,
        'stop-with' as const,
        'restart' as const,
      ),
      weight: 2,
    },
  ),
  back: fc.constantFrom(0, 0, 0, 1, 2),
  who: fc.constantFrom('a' as const, 'b' as const),
  isStale: fc.boolean(),
})
const scripts = fc.record({
  maxConcurrent: fc.integer({ min: 1, max: 3 }),
  retained: fc.integer({ min: 1, max: 3 }),
  words: fc.array(word, { minLength: 30, maxLength: 90, size: 'max' }),
})

interface Taken {
  readonly input: CoordinatorInput
  readonly effects: readonly CoordinatorEffect[]
  readonly state: CoordinatorState
  readonly attempt: number
}

function run({ words, ...config }: Parameters<Parameters<typeof scripts.map>[0]>[0]): Taken[] {
  const job = new Coordination({ ...config, tolerableFailures: 100 })
  const taken: Taken[] = []
  const writing = new Set<number>()
  let attempt = 1
  const give = (input: CoordinatorInput): void => {
    job.now += 7
    job.attempt = attempt
    const effects = job.input(input)
    for (const effect of effects) {
      if (effect.type === 'store-metadata') writing.add(effect.metadata.checkpoint)
    }
    taken.push({ input, effects, state: job.state, attempt })
  }
  give({ type: 'scheduler-started', firstDelayMs: 0 })
  let requestId = 0
  for (const { verb, back, who, isStale } of words) {
    const checkpoint = checkpointId(Math.max(1, job.state.nextId - 1 - back))
    const of = isStale ? attempt - 1 : attempt
    switch (verb) {
      case 'interval':
        give({ type: 'interval-elapsed' })
        break
      case 'ack':
        // Nobody acknowledges what was not triggered yet.
        if (checkpoint < job.state.nextId)
          give({ type: 'acknowledged', checkpoint, handle: handle(checkpoint, who, of) })
        break
      case 'acks':
        for (const name of ['a', 'b']) {
          if (checkpoint === job.state.nextId) continue
          give({ type: 'acknowledged', checkpoint, handle: handle(checkpoint, name, attempt) })
        }
        break
      case 'stored':
      case 'store-failed':
      case 'store-unknown':
        // The storage answers what it was asked for, once.
        if (!writing.delete(checkpoint)) break
        if (verb === 'stored') give({ type: 'metadata-stored', checkpoint })
        else {
          const isUncertain = verb === 'store-unknown'
          give({ type: 'metadata-failed', checkpoint, reason: 'full', isUncertain })
        }
        break
      case 'timeout':
        give({ type: 'timed-out', checkpoint })
        break
      case 'decline': {
        const failure = {
          type: 'declined',
          subtask: subtask(who),
          reason: '',
          isFailure: true,
        } as const
        give({ type: 'declined', checkpoint, failure })
        break
      }
      case 'savepoint':
      case 'stop-with': {
        requestId += 1
        const kind = verb === 'savepoint' ? 'savepoint' : 'stop'
        const target = { requestId, location: `sp-${requestId}` }
        give({ type: 'savepoint-requested', kind, target })
        break
      }
      case 'cleaned':
        if (job.state.cleaning > 0) give({ type: 'cleaned' })
        break
      case 'restart':
        give({ type: 'scheduler-stopped', failure: { type: 'failover' } })
        attempt += 1
        give({ type: 'scheduler-started', firstDelayMs: 0 })
    }
  }
  return taken
}

function forAll(check: (taken: readonly Taken[], config: { retained: number }) => void): void {
  fc.assert(
    fc.property(scripts, (script) => {
      check(run(script), script)
    }),
    seeded(150),
  )
}

function keys(handles: readonly SnapshotHandle[]): string[] {
  return handles.flatMap(({ keyed }) => objectsIn(keyed))
}

const effectsIn = (taken: readonly Taken[]): CoordinatorEffect[] =>
  taken.flatMap(({ effects }) => effects)

describe('for every sequence of inputs, with savepoints and several checkpoints at a time', () => {
  test('the sequences reach every kind of end', () => {
    const effects = fc.sample(scripts, seeded(150)).flatMap((script) => effectsIn(run(script)))
    const ends = new Map<string, number>()
    const count = (end: string): void => {
      ends.set(end, (ends.get(end) ?? 0) + 1)
    }
    for (const effect of effects) {
      if (effect.type === 'complete') count(effect.metadata.kind)
      if (effect.type === 'notify-aborted') count(effect.failure.type)
      if (effect.type === 'delete-metadata') count('abandoned')
    }
    for (const end of [
      'checkpoint',
      'savepoint',
      'stop',
      'expired',
      'declined',
      'subsumed',
      'suspended',
      'failover',
      'storage-failed',
      'storage-uncertain',
      'abandoned',
    ]) {
      expect(ends.get(end) ?? 0, end).toBeGreaterThan(10)
    }
  })

  test('ids strictly increase, from 1 and without gap (F-I1)', () => {
    forAll((taken) => {
      const ids = effectsIn(taken).flatMap((e) => (e.type === 'announce' ? [e.checkpoint] : []))
      expect(ids).toEqual(ids.map((_, i) => i + 1))
    })
  })

  test('completion is told in answer to the storage only (F-I2), of what was given to it', () => {
    forAll((taken) => {
      const given = new Set<unknown>()
      for (const { input, effects } of taken) {
        for (const effect of effects) {
          if (effect.type === 'store-metadata') given.add(JSON.stringify(effect.metadata))
          if (effect.type !== 'complete') continue
          expect(input).toMatchObject({
            type: 'metadata-stored',
            checkpoint: effect.metadata.checkpoint,
          })
          expect(given.has(JSON.stringify(effect.metadata))).toBe(true)
        }
      }
    })
  })

  test('what is told to be complete comes in the order of its ids, never a savepoint on the way (F-I3)', () => {
    forAll((taken) => {
      let newest = 0
      for (const effect of effectsIn(taken)) {
        if (effect.type !== 'complete' || !effect.isNotified) continue
        expect(effect.metadata.kind).not.toBe('savepoint')
        expect(effect.metadata.checkpoint).toBeGreaterThan(newest)
        newest = effect.metadata.checkpoint
      }
    })
  })

  test('a stored checkpoint has one handle of every subtask, of the attempts it was triggered for (F-I5)', () => {
    forAll((taken) => {
      const attemptOf = new Map<number, number>()
      for (const { effects, attempt } of taken) {
        for (const effect of effects) {
          if (effect.type === 'announce') attemptOf.set(effect.checkpoint, attempt)
          if (effect.type !== 'store-metadata') continue
          const { checkpoint, handles } = effect.metadata
          expect(handles.map((each) => each.subtask).toSorted()).toEqual(['a/0', 'b/0'])
          for (const each of handles) expect(each.attempt).toBe(attemptOf.get(checkpoint))
        }
      }
    })
  })

  test('every checkpoint ends once, completed or aborted, or is pending', () => {
    forAll((taken) => {
      const open = new Set<number>()
      for (const effect of effectsIn(taken)) {
        if (effect.type === 'announce') open.add(effect.checkpoint)
        if (effect.type === 'complete') expect(open.delete(effect.metadata.checkpoint)).toBe(true)
        if (effect.type === 'notify-aborted') expect(open.delete(effect.checkpoint)).toBe(true)
      }
      expect([...open]).toEqual([...present(taken.at(-1), 'a step').state.pending.keys()])
    })
  })

  test('nothing that can be restored, or may become so, is deleted, and nothing else is kept (F-I10)', () => {
    forAll((taken) => {
      const held = new Set<string>()
      const seen = new Set<string>()
      const uncertain = new Set<string>()
      for (const { input, effects, state } of taken) {
        // What is told again is not written again.
        const written = input.type === 'acknowledged' ? keys([input.handle]) : []
        for (const key of written) if (!seen.has(key)) held.add(key)
        for (const key of written) seen.add(key)
        for (const effect of effects) {
          if (effect.type === 'discard') for (const key of keys(effect.handles)) held.delete(key)
          if (effect.type === 'subsume') {
            const { metadata, isOwned } = effect.checkpoint
            if (isOwned) for (const key of keys(metadata.handles)) held.delete(key)
          }
        }
        const needed = [
          ...state.completed.flatMap(({ metadata }) => metadata.handles),
          ...[...state.pending.values(), ...state.abandoned.values()].flatMap((p) => p.handles),
        ]
        for (const key of keys(needed)) expect(held.has(key)).toBe(true)
        // What a savepoint holds, or metadata that may be there, is nobody's to delete.
        for (const effect of effects) {
          if (effect.type === 'complete' && isSavepoint(effect.metadata.kind)) {
            for (const key of keys(effect.metadata.handles)) uncertain.add(key)
          }
        }
        if (input.type === 'metadata-failed' && input.isUncertain) {
          for (const key of held) {
            if (key.startsWith(`chk-${input.checkpoint}/`)) uncertain.add(key)
          }
        }
        const known = new Set([...keys(needed), ...uncertain])
        expect([...held].filter((key) => !known.has(key))).toEqual([])
      }
    })
  })

  test('so many checkpoints are kept as are wanted, and the newest is never given up for a savepoint', () => {
    forAll((taken, { retained }) => {
      let newest = 0
      for (const { effects, state } of taken) {
        for (const effect of effects) {
          if (effect.type === 'complete' && !isSavepoint(effect.metadata.kind)) {
            newest = effect.metadata.checkpoint
          }
        }
        const kept = state.completed.map(({ metadata }) => metadata.checkpoint)
        expect(kept.length).toBeLessThanOrEqual(retained + 1)
        if (newest > 0) expect(kept).toContain(newest)
      }
    })
  })
})

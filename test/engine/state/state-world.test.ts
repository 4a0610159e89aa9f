// All kinds of state against a naive model, under random work, snapshots, restores and rescaling, in every backend.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { StateTtl } from '../../../engine/state/descriptors.ts'
import { backends } from './backends.ts'
import { anyCommands } from './state-commands.ts'
import { StateWorld, type WorldOptions } from './state-world.ts'

function agrees(options: WorldOptions): fc.IProperty<unknown> {
  return fc.property(anyCommands, (commands) => {
    const withoutMerges = commands.filter(({ type }) => type !== 'merge')
    new StateWorld(options).run(options.ttl === undefined ? commands : withoutMerges)
  })
}

const ttls: readonly StateTtl[] = (['on-create-and-write', 'on-read-and-write'] as const).flatMap(
  (update) =>
    (['never-return-expired', 'return-expired-if-not-cleaned-up'] as const).map((visibility) => ({
      timeToLiveMs: 10,
      update,
      visibility,
    })),
)

describe.each(backends)('$name', ({ create }) => {
  test('for all operations, snapshots, restores and rescalings, every state is what a naive model says', () => {
    fc.assert(agrees({ create }), { numRuns: 150 })
  })

  test.each(ttls)('with a TTL, $update, $visibility, too', (ttl) => {
    fc.assert(agrees({ create, ttl }), { numRuns: 60 })
  })

  test('snapshots in the own format of the backend, each upon the one before, hold the same', () => {
    fc.assert(agrees({ create, isIncremental: true }), { numRuns: 150 })
  })

  test('the mutant that aliases snapshots is caught by that property', () => {
    const options = { create, aliasSnapshots: true }
    const result = fc.check(agrees(options), { numRuns: 1000, endOnFailure: true })
    expect(result.failed).toBe(true)
  })
})

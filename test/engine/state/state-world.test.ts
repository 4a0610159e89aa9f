// All kinds of state against a naive model, under random work, snapshots, restores and rescaling.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { StateTtl } from '../../../engine/state/descriptors.ts'
import { anyCommands } from './state-commands.ts'
import { StateWorld, type WorldOptions } from './state-world.ts'

function agrees(options: WorldOptions): fc.IProperty<unknown> {
  return fc.property(anyCommands, (commands) => {
    const withoutMerges = commands.filter(({ type }) => type !== 'merge')
    new StateWorld(options).run(options.ttl === undefined ? commands : withoutMerges)
  })
}

test('for all operations, snapshots, restores and rescalings, every state is what a naive model says', () => {
  fc.assert(agrees({}), { numRuns: 300 })
})

const ttls: readonly StateTtl[] = (['on-create-and-write', 'on-read-and-write'] as const).flatMap(
  (update) =>
    (['never-return-expired', 'return-expired-if-not-cleaned-up'] as const).map((visibility) => ({
      timeToLiveMs: 10,
      update,
      visibility,
    })),
)

test.each(ttls)('with a TTL, $update, $visibility, too', (ttl) => {
  fc.assert(agrees({ ttl }), { numRuns: 150 })
})

test('the mutant that aliases snapshots is caught by that property', () => {
  const result = fc.check(agrees({ aliasSnapshots: true }), { numRuns: 1000, endOnFailure: true })
  expect(result.failed).toBe(true)
})

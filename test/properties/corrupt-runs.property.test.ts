/**
 * The same as for key groups, for incremental checkpoints of sorted runs, of which each shares some with the one before;
 * and that these properties find a restore that believes what it reads (B-13).
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { AnyMutant } from '../../engine/mutants.ts'
import { seeded } from '../seeded.ts'
import { type Refused, type Restored, restoreJob, StillStorage } from './restoring.ts'
import { everything, storedCheckpoints } from './stored-checkpoints.ts'

const FORMATS = {
  'key groups': storedCheckpoints(3),
  'sorted runs': storedCheckpoints(3, { stateBackend: 'lsm', incremental: true }),
}

interface Damage {
  readonly kind: 'flip' | 'change' | 'cut' | 'extend' | 'zero' | 'delete' | 'exchange'
  readonly which: number
  readonly at: number
  readonly by: number
}

const anyDamage: fc.Arbitrary<Damage> = fc.record({
  kind: fc.constantFrom('flip', 'change', 'cut', 'extend', 'zero', 'delete', 'exchange'),
  which: fc.nat(),
  at: fc.nat(),
  by: fc.nat(),
})

function strike(storage: StillStorage, { kind, which, at, by }: Damage): void {
  const keys = [...storage.objects.keys()].sort()
  const key = keys[which % keys.length] ?? ''
  const bytes = storage.objects.get(key) ?? new Uint8Array()
  const place = at % bytes.length
  const old = bytes[place] ?? 0
  switch (kind) {
    case 'flip':
      storage.objects.set(key, bytes.with(place, old ^ (1 << (by & 7))))
      return
    case 'change':
      storage.objects.set(key, bytes.with(place, old ^ (1 + (by % 255))))
      return
    case 'cut':
      storage.objects.set(key, bytes.slice(0, place))
      return
    case 'extend':
      storage.objects.set(key, new Uint8Array([...bytes, by & 0xff]))
      return
    case 'zero':
      storage.objects.set(key, bytes.slice().fill(0, place, place + 1 + (by % 300)))
      return
    case 'delete':
      storage.objects.delete(key)
      return
    case 'exchange': {
      const other = keys[by % keys.length] ?? ''
      storage.objects.set(key, storage.objects.get(other) ?? new Uint8Array())
      storage.objects.set(other, bytes)
    }
  }
}

type Outcomes = Record<(Restored | Refused)['type'], number>

/** What comes of damages: always what was stored, or a refusal. */
function isNeverWrong(
  format: keyof typeof FORMATS,
  mutant: AnyMutant | null = null,
  outcomes: Outcomes = { restored: 0, refused: 0 },
): fc.IProperty<unknown> {
  const stored = FORMATS[format]
  const locations = [...stored.keys()].filter((key) => key.endsWith('/_metadata')).sort()
  const restore = restoreJob(everything, 2, mutant)
  const intact = new Map(locations.map((key) => [key, restore(new StillStorage(stored), key)]))
  return fc.property(anyDamage, fc.nat(locations.length - 1), (damage, which) => {
    const location = locations[which] ?? ''
    const storage = new StillStorage(stored)
    strike(storage, damage)
    const found = restore(storage, location)
    outcomes[found.type] += 1
    if (found.type === 'restored') expect(found).toEqual(intact.get(location))
    else expect(found.reason).toMatch(/^The (metadata|snapshot) [^\n]*: [^\n]+\.$/)
  })
}

test('incremental checkpoints share objects', () => {
  const shared = [...FORMATS['sorted runs'].keys()].filter((key) => key.startsWith('shared/'))
  expect(shared.length).toBeGreaterThan(4)
})

test(
  'for 1,000 corruptions of incremental checkpoints, a restore is right or refuses with one sentence',
  { timeout: 60_000 },
  () => {
    const outcomes = { restored: 0, refused: 0 }
    fc.assert(isNeverWrong('sorted runs', null, outcomes), seeded(1000))
    expect(outcomes.refused).toBeGreaterThan(100)
  },
)

test.each(['key groups', 'sorted runs'] as const)(
  'the mutant checksum-ignored is caught by that property, for %s',
  { timeout: 60_000 },
  (format) => {
    const property = isNeverWrong(format, 'checksum-ignored')
    const result = fc.check(property, { ...seeded(2000), endOnFailure: true })
    expect(result.failed).toBe(true)
  },
)

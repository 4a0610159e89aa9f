// The theorem of decision 23: whatever is written, completed and aborted, whoever dies, and whenever the cleaner runs,
// every checkpoint that can be restored is restored to what it was.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  isSame,
  LogWorld,
  type Checkpoint,
  type CheckpointEnd,
  type LogWorldOptions,
} from './log-world.ts'

type Command =
  | { readonly do: 'change'; readonly row: number; readonly value: number | null }
  | {
      readonly do: 'checkpoint'
      readonly end: CheckpointEnd
      readonly cleansAt: readonly number[]
    }
  | { readonly do: 'compact' | 'crash' }

const change = fc.record({
  do: fc.constant('change' as const),
  row: fc.integer({ min: 0, max: 3 }),
  value: fc.option(fc.integer({ min: 0, max: 250 }), { freq: 4 }),
})

const checkpoint = fc.record({
  do: fc.constant('checkpoint' as const),
  end: fc.constantFrom<CheckpointEnd[]>(
    'completed',
    'completed',
    'completed',
    'completed',
    'completed',
    'completed',
    'aborted',
    'dies-untold',
    'dies-told',
  ),
  cleansAt: fc.subarray([0, 1, 2, 3]),
})

const rest = fc.record({
  do: fc.constantFrom('compact' as const, 'crash' as const),
})

const commands: fc.Arbitrary<readonly Command[]> = fc.array(
  fc.oneof<fc.WeightedArbitrary<Command>[]>(
    { arbitrary: change, weight: 5 },
    { arbitrary: checkpoint, weight: 4 },
    { arbitrary: rest, weight: 2 },
  ),
  { maxLength: 60, size: 'max' },
)

/** Every so many checkpoints the whole state is stored. */
const everyCheckpoints = fc.constantFrom(1, 2, 3, 7)

function run(world: LogWorld, all: readonly Command[], every: number, look: () => void): void {
  let checkpoints = 0
  for (const command of all) {
    switch (command.do) {
      case 'change':
        world.change(command.row, command.value)
        break
      case 'checkpoint':
        checkpoints += 1
        world.checkpoint(command.end, command.cleansAt, checkpoints % every === 0)
        look()
        break
      case 'compact':
        world.compact()
        look()
        break
      case 'crash':
        world.crash()
        look()
    }
  }
  expect(world.failures).toEqual([])
}

function holds(options: LogWorldOptions): fc.IProperty<unknown> {
  return fc.property(commands, everyCheckpoints, (all, every) => {
    const world = new LogWorld(options)
    run(world, all, every, () => {
      world.check()
    })
  })
}

test.each([1, 2, 5])(
  'with %i retained checkpoints, each of them is restored to what it was, whenever the cleaner runs',
  { timeout: 60_000 },
  (retained) => {
    fc.assert(holds({ retained }), { numRuns: 300 })
  },
)

test('a cleaner that takes open transactions for committed ones is caught by that property', () => {
  const options = { mutant: 'compaction-drops-needed' } as const
  expect(fc.check(holds(options), { numRuns: 500, endOnFailure: true }).failed).toBe(true)
})

test(
  'a checkpoint that is too old is refused, never restored to something else',
  { timeout: 60_000 },
  () => {
    let refused = 0
    fc.assert(
      fc.property(commands, everyCheckpoints, (all, every) => {
        // The log believes that one checkpoint is retained, and somebody kept three.
        const world = new LogWorld({ retained: 3, believed: 1 })
        run(world, all, every, () => {
          for (const kept of world.retained) refused += refusedOrRight(world, kept)
        })
      }),
      { numRuns: 300 },
    )
    expect(refused).toBeGreaterThan(0)
  },
)

function refusedOrRight(world: LogWorld, kept: Checkpoint): number {
  const rows = world.read(kept)
  if (typeof rows === 'string') {
    expect(rows).toContain(`Checkpoint ${kept.id} can no longer be restored`)
    return 1
  }
  if (!isSame(rows, kept.rows)) throw new Error(`Checkpoint ${kept.id} was restored wrongly.`)
  return 0
}

test.each(['changelog-restored-to-end', 'changelog-stops-early'] as const)(
  'the mutant %s is caught by that property',
  (mutant) => {
    expect(fc.check(holds({ mutant }), { numRuns: 500, endOnFailure: true }).failed).toBe(true)
  },
)

test('what no checkpoint needs any more is compacted away: the topic does not grow with the time', () => {
  const world = new LogWorld()
  const sizes: number[] = []
  for (let round = 0; round < 30; round += 1) {
    for (let i = 0; i < 4; i += 1) {
      for (let row = 0; row < 4; row += 1) world.change(row, (round + i + row) % 250)
      world.checkpoint('completed', [], i === 3)
    }
    world.compact()
    sizes.push(world.records)
  }
  world.check()
  // Three generations of four rows each, their tombstones for a while, and the head.
  expect(Math.max(...sizes)).toBeLessThanOrEqual(3 * 4 + 4 + 1)
})

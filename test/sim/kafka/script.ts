/**
 * Random scripts of clients for the simulated cluster: interleaved producers, two of which share a transactional id
 * and fence each other, repeated batches, timeouts, readers of every size.
 */
import fc from 'fast-check'

/** The clients: two incarnations of `a`, one `b`, one that is only idempotent. */
export const IDS = ['a', 'a', 'b', null] as const
export const PARTITIONS = [0, 1]

export type Command =
  | { type: 'init' | 'add-offsets' | 'repeat'; who: number }
  | { type: 'add'; who: number; partition: number }
  | { type: 'write'; who: number; partition: number; count: number }
  | { type: 'end'; who: number; result: 'commit' | 'abort' }
  | { type: 'commit-offset'; who: number; partition: number }
  /** A whole transaction, so that scripts get far even when their commands are drawn blindly. */
  | { type: 'transact'; who: number; result: 'commit' | 'abort' | 'leave-open' }
  | { type: 'append' | 'group-commit'; partition: number }
  | { type: 'read'; partition: number; maxBytes: number }
  | { type: 'advance'; ms: number }
  | { type: 'move-coordinator'; who: number; ms: number }

export interface Script {
  replicationDelayMs: number
  markerDelayMs: number
  commands: Command[]
}

const who = fc.nat({ max: IDS.length - 1 })
const transactional = fc.nat({ max: 2 })
const partition = fc.constantFrom(...PARTITIONS)
const result = fc.constantFrom('commit' as const, 'abort' as const)

const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ type: fc.constant('init' as const), who }),
  fc.record({ type: fc.constant('add-offsets' as const), who: transactional }),
  fc.record({ type: fc.constant('repeat' as const), who }),
  fc.record({ type: fc.constant('add' as const), who: transactional, partition }),
  fc.record({
    type: fc.constant('write' as const),
    who,
    partition,
    count: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({ type: fc.constant('end' as const), who: transactional, result }),
  fc.record({ type: fc.constant('commit-offset' as const), who: transactional, partition }),
  fc.record({
    type: fc.constant('transact' as const),
    who: transactional,
    result: fc.constantFrom('commit' as const, 'abort' as const, 'leave-open' as const),
  }),
  fc.record({ type: fc.constantFrom('append' as const, 'group-commit' as const), partition }),
  fc.record({
    type: fc.constant('read' as const),
    partition,
    maxBytes: fc.constantFrom(0, 150, 300, 100_000),
  }),
  fc.record({
    type: fc.constant('advance' as const),
    ms: fc.constantFrom(1, 3, 20, 20, 12_000),
  }),
)

const move: fc.Arbitrary<Command> = fc.record({
  type: fc.constant('move-coordinator' as const),
  who: transactional,
  ms: fc.constantFrom(0, 5, 50),
})

function scripts(commands: fc.Arbitrary<Command>): fc.Arbitrary<Script> {
  return fc.record({
    replicationDelayMs: fc.constantFrom(0, 0, 4),
    markerDelayMs: fc.constantFrom(0, 5, 40),
    commands: fc.array(commands, { minLength: 10, maxLength: 80, size: 'max' }),
  })
}

export const script = scripts(command)
/** With new coordinators, which may write a marker once more (K-R27). */
export const scriptWithMoves = scripts(
  fc.oneof({ weight: 14, arbitrary: command }, { weight: 1, arbitrary: move }),
)

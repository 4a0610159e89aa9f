// The registry of shared objects, by example and against a small world of subtasks, in which acknowledgements come late
// or after the end of their checkpoint.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  baseOf,
  newSharedStates,
  stepSharedStates,
  type SharedStateInput,
} from '../../../engine/checkpoint/shared-state-registry.ts'
import { checkpointId, type CheckpointId } from '../../../engine/ids.ts'

const one = checkpointId(1)
const two = checkpointId(2)
const three = checkpointId(3)

/** What each input lets go. */
function run(inputs: readonly SharedStateInput[]): (readonly string[])[] {
  let states = newSharedStates()
  return inputs.map((input) => {
    const [next, deleted] = stepSharedStates(states, input)
    states = next
    return deleted
  })
}

function triggered(checkpoint: CheckpointId, base: CheckpointId | null): SharedStateInput {
  return { type: 'triggered', checkpoint, base }
}

function acknowledged(checkpoint: CheckpointId, ...objects: string[]): SharedStateInput {
  return { type: 'acknowledged', checkpoint, objects }
}

test('an object goes with the last checkpoint that names it', () => {
  const deleted = run([
    triggered(one, null),
    acknowledged(one, 'a', 'b'),
    { type: 'completed', checkpoint: one },
    triggered(two, one),
    acknowledged(two, 'b', 'c'),
    { type: 'completed', checkpoint: two },
    { type: 'ended', checkpoint: one },
    { type: 'ended', checkpoint: two },
  ])
  expect(deleted).toEqual([[], [], [], [], [], [], ['a'], ['b', 'c']])
})

test('what an aborted checkpoint wrote goes, what it shares with its base stays', () => {
  const deleted = run([
    triggered(one, null),
    acknowledged(one, 'a'),
    { type: 'completed', checkpoint: one },
    triggered(two, one),
    acknowledged(two, 'a', 'b'),
    { type: 'ended', checkpoint: two },
  ])
  expect(deleted.at(-1)).toEqual(['b'])
})

test('an acknowledgement behind the end of its checkpoint gives up at once what nobody else names', () => {
  const deleted = run([
    { type: 'recovered', checkpoint: one, objects: ['a'] },
    triggered(two, one),
    { type: 'ended', checkpoint: two },
    acknowledged(two, 'a', 'b'),
  ])
  expect(deleted.at(-1)).toEqual(['b'])
})

test('what the base of a pending checkpoint names stays, though the base was subsumed', () => {
  const deleted = run([
    { type: 'recovered', checkpoint: one, objects: ['a'] },
    triggered(two, one),
    triggered(three, one),
    acknowledged(two, 'b'),
    { type: 'completed', checkpoint: two },
    { type: 'ended', checkpoint: one },
    acknowledged(three, 'a', 'c'),
    { type: 'completed', checkpoint: three },
    { type: 'ended', checkpoint: two },
    { type: 'ended', checkpoint: three },
  ])
  expect(deleted).toEqual([[], [], [], [], [], [], [], [], ['b'], ['a', 'c']])
})

test('snapshots build on the newest completed checkpoint', () => {
  let states = newSharedStates()
  expect(baseOf(states)).toBeNull()
  for (const checkpoint of [two, one]) {
    const input = { type: 'recovered', checkpoint, objects: [] } as const
    ;[states] = stepSharedStates(states, input)
  }
  expect(baseOf(states)).toBe(two)
})

type Command =
  | { readonly type: 'trigger' | 'complete' | 'subsume' | 'abort' | 'recover' }
  /** A subtask takes the snapshot of the oldest barrier that has not reached it. */
  | { readonly type: 'take'; readonly subtask: number; readonly keeps: number }
  /** The oldest snapshot that is under way arrives. */
  | { readonly type: 'arrive'; readonly which: number }

interface Snapshot {
  readonly checkpoint: CheckpointId
  readonly subtask: number
  readonly objects: readonly string[]
}

interface Pending {
  readonly checkpoint: CheckpointId
  readonly base: CheckpointId | null
  readonly arrived: Map<number, Snapshot>
}

const SUBTASKS = 2

/** A job master and its subtasks, as far as objects are concerned. Throws when an object is missed. */
class World {
  readonly #storage = new Set<string>()
  /** What each subtask named for each checkpoint. */
  readonly #taken: Map<CheckpointId, Snapshot>[] = [new Map(), new Map()]
  readonly #forgets: boolean
  #states = newSharedStates()
  #pending: Pending[] = []
  #retained: Pending[] = []
  #onTheWay: Snapshot[] = []
  #last = 0

  /** `forgets` the bases of pending checkpoints: the defect that the property must find. */
  constructor(forgets = false) {
    this.#forgets = forgets
  }

  run(commands: readonly Command[]): void {
    for (const command of commands) {
      this.#carryOut(command)
      this.#check()
    }
    this.#end()
  }

  #carryOut(command: Command): void {
    const [oldest] = this.#pending
    switch (command.type) {
      case 'trigger': {
        if (this.#pending.length === 3) return
        this.#last += 1
        const checkpoint = checkpointId(this.#last)
        const base = baseOf(this.#states)
        this.#step({ type: 'triggered', checkpoint, base: this.#forgets ? null : base })
        this.#pending.push({ checkpoint, base, arrived: new Map() })
        return
      }
      case 'take':
        this.#take(command.subtask, command.keeps)
        return
      case 'arrive': {
        const [snapshot] = this.#onTheWay.splice(command.which % (this.#onTheWay.length || 1), 1)
        if (snapshot === undefined) return
        const { checkpoint, objects, subtask } = snapshot
        this.#step({ type: 'acknowledged', checkpoint, objects })
        const pending = this.#pending.find((each) => each.checkpoint === checkpoint)
        pending?.arrived.set(subtask, snapshot)
        return
      }
      case 'complete': {
        const ready = this.#pending.find(({ arrived }) => arrived.size === SUBTASKS)
        if (ready === undefined) return
        this.#step({ type: 'completed', checkpoint: ready.checkpoint })
        this.#retained.push(ready)
        for (const { checkpoint } of this.#pending) {
          if (checkpoint < ready.checkpoint) this.#step({ type: 'ended', checkpoint })
        }
        this.#pending = this.#pending.filter(({ checkpoint }) => checkpoint > ready.checkpoint)
        return
      }
      case 'subsume': {
        if (this.#retained.length < 2) return
        const [subsumed] = this.#retained.splice(0, 1)
        if (subsumed !== undefined) this.#step({ type: 'ended', checkpoint: subsumed.checkpoint })
        return
      }
      case 'abort':
        if (oldest === undefined) return
        this.#pending.shift()
        this.#step({ type: 'ended', checkpoint: oldest.checkpoint })
        return
      case 'recover':
        this.#recover()
    }
  }

  /** Names some of what the base named, and something new. */
  #take(subtask: number, keeps: number): void {
    const taken = this.#taken[subtask]
    const pending = this.#pending.find(({ checkpoint }) => taken?.has(checkpoint) === false)
    if (taken === undefined || pending === undefined) return
    const { checkpoint, base } = pending
    const known = base === null ? [] : (taken.get(base)?.objects ?? [])
    const fresh = `${checkpoint}-${subtask}`
    this.#storage.add(fresh)
    const objects = [fresh, ...known.filter((_, i) => (keeps >> i) % 2 === 1)]
    const snapshot = { checkpoint, subtask, objects }
    taken.set(checkpoint, snapshot)
    this.#onTheWay.push(snapshot)
  }

  /** A new job master learns from the metadata of the retained checkpoints; what the former one awaited is over. */
  #recover(): void {
    for (const { checkpoint } of this.#pending) this.#step({ type: 'ended', checkpoint })
    this.#pending = []
    this.#states = newSharedStates()
    for (const { checkpoint, arrived } of this.#retained) {
      const objects = [...arrived.values()].flatMap((snapshot) => snapshot.objects)
      this.#step({ type: 'recovered', checkpoint, objects })
    }
  }

  #step(input: SharedStateInput): void {
    const [states, deleted] = stepSharedStates(this.#states, input)
    this.#states = states
    // What arrives late may name objects that went meanwhile: deleting them again does nothing.
    for (const object of deleted) this.#storage.delete(object)
  }

  #check(): void {
    const isPending = ({ checkpoint }: Snapshot): boolean =>
      this.#pending.some((pending) => pending.checkpoint === checkpoint)
    const needed = [
      ...this.#retained.flatMap(({ arrived }) => [...arrived.values()]),
      ...this.#pending.flatMap(({ arrived }) => [...arrived.values()]),
      ...this.#onTheWay.filter(isPending),
    ]
    for (const { checkpoint, objects } of needed) {
      const missing = objects.find((object) => !this.#storage.has(object))
      if (missing !== undefined) throw new Error(`Checkpoint ${checkpoint} misses ${missing}.`)
    }
  }

  #end(): void {
    while (this.#onTheWay.length > 0) this.#carryOut({ type: 'arrive', which: 0 })
    for (const { checkpoint } of [...this.#pending, ...this.#retained]) {
      this.#step({ type: 'ended', checkpoint })
    }
    if (this.#storage.size > 0) throw new Error(`${[...this.#storage].join()} stayed.`)
  }
}

const anyCommands: fc.Arbitrary<Command[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        type: fc.constant('take' as const),
        subtask: fc.nat(SUBTASKS - 1),
        keeps: fc.nat(7),
      }),
    },
    {
      weight: 6,
      arbitrary: fc.record({ type: fc.constant('arrive' as const), which: fc.nat(3) }),
    },
    {
      weight: 12,
      arbitrary: fc.record({
        type: fc.constantFrom<Exclude<Command['type'], 'take' | 'arrive'>>(
          ...([
            'trigger',
            'trigger',
            'complete',
            'complete',
            'subsume',
            'abort',
            'recover',
          ] as const),
        ),
      }),
    },
  ),
  { maxLength: 120, size: 'max' },
)

function property(forgets = false): fc.IProperty<unknown> {
  return fc.property(anyCommands, (commands) => {
    new World(forgets).run(commands)
  })
}

test('for every order of snapshots, arrivals, ends and recoveries, nothing needed is deleted and nothing else stays', () => {
  fc.assert(property(), { numRuns: 1000 })
})

test('a registry that forgets what pending checkpoints build on is caught by that property', () => {
  expect(fc.check(property(true), { numRuns: 2000, endOnFailure: true }).failed).toBe(true)
})

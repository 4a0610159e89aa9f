/** Virtual time, causes, and what the fingerprint sees. */
import { describe, expect, test } from 'vitest'
import type { Fact } from '../../../engine/trace.ts'
import { World } from '../../../sim/world/world.ts'

const fact = (reason: string): Fact => ({ type: 'checkpoint-skipped', reason })
const buffer: Fact = {
  type: 'records-fetched',
  subtask: 'source/0' as Extract<Fact, { type: 'records-fetched' }>['subtask'],
  topic: 'in',
  partition: 0,
  offset: 0,
  count: 1,
  lag: 0,
}

function run(world: World): void {
  while (world.step());
}

describe('time', () => {
  test('stands still during an action and jumps to the next one', () => {
    const world = new World(1, 'control')
    const times: number[] = []
    world.after(3, 'a', 'x', () => times.push(world.now()))
    world.after(1.5, 'b', 'x', () => times.push(world.now()))
    run(world)
    expect(times).toEqual([1.5, 3])
    expect(world.dispatched).toBe(2)
  })

  test('actions of one time come in the order in which they were scheduled', () => {
    const world = new World(1, 'control')
    const order: string[] = []
    for (const name of ['a', 'b', 'c']) world.after(1, name, 'x', () => order.push(name))
    run(world)
    expect(order).toEqual(['a', 'b', 'c'])
  })

  test('what an action spends makes later what it schedules, and nothing else', () => {
    const world = new World(1, 'control')
    const times: string[] = []
    world.after(1, 'busy', 'x', () => {
      world.after(1, 'early', 'x', () => times.push(`early ${world.now()}`))
      world.spend(500)
      world.after(1, 'late', 'x', () => times.push(`late ${world.now()}`))
    })
    world.after(1, 'other', 'x', () => {
      world.after(1, 'free', 'x', () => times.push(`free ${world.now()}`))
    })
    run(world)
    expect(times).toEqual(['early 2', 'free 2', 'late 2.5'])
  })

  test('nothing is scheduled in the past', () => {
    const world = new World(1, 'control')
    world.after(2, 'a', 'x', () => {
      world.at(1000, 'past', 'x', () => undefined)
    })
    expect(() => {
      run(world)
    }).toThrow('Event past of x was scheduled in the past.')
  })

  test('a canceled action is not dispatched', () => {
    const world = new World(1, 'control')
    const event = world.after(1, 'a', 'x', () => {
      throw new Error('It was canceled.')
    })
    event.isCanceled = true
    expect(world.step()).toBe(true)
    expect([world.dispatched, world.now()]).toEqual([0, 0])
    expect(world.step()).toBe(false)
  })
})

describe('trace', () => {
  test('facts are numbered, with the time of their action', () => {
    const world = new World(1, 'control')
    world.after(2, 'a', 'x', () => {
      world.record(fact('one'))
      world.record(fact('two'))
    })
    run(world)
    expect(world.trace).toMatchObject([
      { seq: 0, at: 2, reason: 'one' },
      { seq: 1, at: 2, reason: 'two' },
    ])
  })

  test('a fact names the fact that led to it: the one before it in its action, or the one that scheduled the action', () => {
    const world = new World(1, 'control')
    world.after(1, 'a', 'x', () => {
      world.record(fact('root'))
      world.after(5, 'b', 'x', () => {
        world.record(fact('child of root'))
      })
      world.record(fact('second'))
      world.after(5, 'c', 'x', () => {
        world.record(fact('child of second'))
      })
    })
    world.after(2, 'd', 'x', () => {
      world.record(fact('unrelated'))
    })
    run(world)
    const causes = world.trace.map((event) => {
      const reason = event.type === 'checkpoint-skipped' ? event.reason : ''
      const cause = world.trace[event.cause]
      return `${reason} <- ${cause?.type === 'checkpoint-skipped' ? cause.reason : 'nothing'}`
    })
    expect(causes).toEqual([
      'root <- nothing',
      'second <- root',
      'unrelated <- nothing',
      'child of root <- root',
      'child of second <- second',
    ])
  })

  test('listeners hear every fact, in order', () => {
    const world = new World(1, 'control')
    const heard: number[] = []
    world.listen(({ seq }) => heard.push(seq))
    world.record(fact('one'))
    world.record(fact('two'))
    expect(heard).toEqual([0, 1])
  })
})

describe('fingerprint', () => {
  const hashOf = (act: (world: World) => void): string => {
    const world = new World(1, 'records')
    act(world)
    run(world)
    return world.fingerprint.toString()
  }
  const nothing = (): void => undefined

  test('the same events give the same hash', () => {
    const act = (world: World): void => {
      world.after(1, 'a', 'x', () => {
        world.record(fact('one'))
      })
    }
    expect(hashOf(act)).toBe(hashOf(act))
  })

  test.each<[string, (world: World) => void]>([
    ['time', (world) => void world.after(1.001, 'a', 'x', nothing)],
    ['label', (world) => void world.after(1, 'b', 'x', nothing)],
    ['actor', (world) => void world.after(1, 'a', 'y', nothing)],
    [
      'facts',
      (world) =>
        void world.after(1, 'a', 'x', () => {
          world.record(fact('one'))
        }),
    ],
  ])('another %s gives another', (_, act) => {
    expect(hashOf(act)).not.toBe(hashOf((world) => void world.after(1, 'a', 'x', nothing)))
  })

  test('facts that only pictures need do not count', () => {
    const plain = hashOf((world) => void world.after(1, 'a', 'x', nothing))
    const detailed = hashOf(
      (world) =>
        void world.after(1, 'a', 'x', () => {
          world.record(buffer)
        }),
    )
    expect(detailed).toBe(plain)
  })
})

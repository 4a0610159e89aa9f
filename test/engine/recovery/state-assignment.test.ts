/** How the state of a checkpoint is dealt out, with the same parallelism and with another one. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { CheckpointMetadata } from '../../../engine/checkpoint/checkpoint-metadata.ts'
import type { SnapshotHandle } from '../../../engine/checkpoint/snapshot-handle.ts'
import { attemptId, checkpointId, subtaskId, vertexId } from '../../../engine/ids.ts'
import { assignState } from '../../../engine/recovery/state-assignment.ts'
import { keyGroupRange } from '../../../engine/state/key-groups.ts'
import { seeded } from '../../seeded.ts'
import { summingJob, vertexOf } from '../small-jobs.ts'
import { handleOf, objectsIn } from '../snapshot-handles.ts'

/** Few key groups, so that ranges meet in a single one. */
const MAX = 11

/** What was written: for each former subtask its split items and its union items. */
type Lists = readonly { readonly split: readonly number[]; readonly union: readonly number[] }[]

function checkpointOf(lists: Lists): CheckpointMetadata {
  const handles = lists.map(({ split, union }, index): SnapshotHandle => {
    const item = (value: number): Uint8Array => new Uint8Array([value])
    const owner = { subtask: subtaskId(vertexId('sum'), index), attempt: attemptId(1) }
    return {
      ...handleOf(owner, `sum-${index}`),
      operators: [
        {
          uid: 'sum',
          operatorState: [
            { name: 'list', redistribution: 'split', items: split.map(item) },
            { name: 'all', redistribution: 'union', items: union.map(item) },
            { name: 'copy', redistribution: 'broadcast', items: [...split, index].map(item) },
          ],
        },
      ],
    }
  })
  return {
    checkpoint: checkpointId(7),
    kind: 'checkpoint',
    triggeredAt: 0,
    handles,
    coordinators: [],
    vertices: [],
  }
}

/** What the subtasks of a deployment restore: objects, items of the three kinds of lists. */
function assign(lists: Lists, parallelism: number) {
  const graph = summingJob({ parallelism, maxParallelism: MAX })
  return Array.from({ length: parallelism }, (_, index) => {
    const restore = assignState(checkpointOf(lists), vertexOf(graph, 'sum'), index)
    const state = restore.operators.find(({ uid }) => uid === 'sum')?.operatorState ?? []
    const items = (name: string): number[] =>
      (state.find((entry) => entry.name === name)?.items ?? []).map((item) => item[0] ?? -1)
    return {
      objects: restore.keyed.flatMap(objectsIn),
      split: items('list'),
      union: items('all'),
      copy: items('copy'),
    }
  })
}

describe('with the same parallelism', () => {
  const restored = assign(
    [
      { split: [1, 2], union: [10] },
      { split: [], union: [] },
      { split: [3], union: [30] },
    ],
    3,
  )

  test('every subtask reads its own object and nothing else', () => {
    expect(restored.map(({ objects }) => objects)).toEqual([['sum-0'], ['sum-1'], ['sum-2']])
  })

  test('every subtask gets its own list back', () => {
    expect(restored.map(({ split }) => split)).toEqual([[1, 2], [], [3]])
  })

  test('every subtask gets its own copy of broadcast state back', () => {
    expect(restored.map(({ copy }) => copy)).toEqual([[1, 2, 0], [1], [3, 2]])
  })

  test('every subtask gets the union of all', () => {
    expect(restored.map(({ union }) => union)).toEqual([
      [10, 30],
      [10, 30],
      [10, 30],
    ])
  })
})

describe('with another parallelism', () => {
  const two: Lists = [
    { split: [1, 2, 3], union: [10] },
    { split: [4], union: [20] },
  ]

  test('scaling up, every subtask reads the objects whose key groups it shares', () => {
    expect(assign(two, 3).map(({ objects }) => objects)).toEqual([
      ['sum-0'],
      ['sum-0', 'sum-1'],
      ['sum-1'],
    ])
  })

  test('scaling down, one subtask reads several objects', () => {
    expect(assign(two, 1).map(({ objects }) => objects)).toEqual([['sum-0', 'sum-1']])
  })

  test('a list is dealt out round robin', () => {
    expect(assign(two, 3).map(({ split }) => split)).toEqual([[1, 4], [2], [3]])
    expect(assign(two, 1).map(({ split }) => split)).toEqual([[1, 2, 3, 4]])
  })

  test('copies of broadcast state go round, one to each', () => {
    const copies = [
      [1, 2, 3, 0],
      [4, 1],
    ]
    expect(assign(two, 3).map(({ copy }) => copy)).toEqual([...copies, copies[0]])
    expect(assign(two, 1).map(({ copy }) => copy)).toEqual([copies[0]])
  })

  test('a union goes to everyone', () => {
    expect(assign(two, 3).map(({ union }) => union)).toEqual([
      [10, 20],
      [10, 20],
      [10, 20],
    ])
  })
})

const anyLists = fc.array(
  fc.record({
    split: fc.array(fc.nat({ max: 255 }), { maxLength: 4 }),
    union: fc.array(fc.nat({ max: 255 }), { maxLength: 2 }),
  }),
  { minLength: 1, maxLength: 9, size: 'max' },
)
const anyParallelism = fc.integer({ min: 1, max: 9 })

test('for every rescaling every key group is read by its new owner, and no object without need', () => {
  fc.assert(
    fc.property(anyLists, anyParallelism, (lists, parallelism) => {
      assign(lists, parallelism).forEach(({ objects }, index) => {
        const range = keyGroupRange(index, MAX, parallelism)
        const needed = lists.flatMap((_, former) => {
          const { first, last } = keyGroupRange(former, MAX, lists.length)
          return first <= range.last && last >= range.first ? [`sum-${former}`] : []
        })
        expect(objects).toEqual(needed)
      })
    }),
    seeded(),
  )
})

test('for every rescaling every list item goes to exactly one subtask', () => {
  fc.assert(
    fc.property(anyLists, anyParallelism, (lists, parallelism) => {
      const given = lists.flatMap(({ split }) => split)
      const dealt = assign(lists, parallelism).flatMap(({ split }) => split)
      const ascending = (a: number, b: number): number => a - b
      expect(dealt.toSorted(ascending)).toEqual(given.toSorted(ascending))
    }),
    seeded(),
  )
})

test('a vertex whose checkpoint has no state for it starts empty', () => {
  const graph = summingJob({ parallelism: 2 })
  expect(assignState(checkpointOf([]), vertexOf(graph, 'sum'), 1)).toEqual({
    checkpoint: 7,
    keyed: [],
    channels: [],
    operators: [],
  })
})

test('a subtask without keyed state has no object to read', () => {
  const metadata = checkpointOf([{ split: [1], union: [] }])
  const handles = metadata.handles.map((handle) => ({ ...handle, keyed: null }))
  const graph = summingJob({ parallelism: 1 })
  expect(assignState({ ...metadata, handles }, vertexOf(graph, 'sum'), 0).keyed).toEqual([])
})

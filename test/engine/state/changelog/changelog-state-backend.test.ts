// A changelog backend by itself: what its snapshots name, and what the whole states beside the checkpoints are good for.

import { describe, expect, test } from 'vitest'
import { present } from '../../../../engine/assert.ts'
import type { StoredObject } from '../../../../engine/checkpoint/snapshot-handle.ts'
import { checkpointId, type CheckpointId } from '../../../../engine/ids.ts'
import { hashKey } from '../../../../engine/serializer.ts'
import { ChangelogStateBackend } from '../../../../engine/state/changelog/changelog-state-backend.ts'
import { ObjectLog } from '../../../../engine/state/changelog/object-log.ts'
import { valueState } from '../../../../engine/state/descriptors.ts'
import { HeapStateBackend } from '../../../../engine/state/heap-state-backend.ts'
import type { KeyedStateSnapshot } from '../../../../engine/state/keyed-state-backend.ts'
import { decodeManifest } from '../../../../engine/state/lsm/run-manifest.ts'
import { SortedRun } from '../../../../engine/state/lsm/sorted-run.ts'
import { ChangeTracker } from '../../../../engine/state/rows/change-tracker.ts'

const MAX = 8

interface Taken {
  readonly id: CheckpointId
  readonly objects: readonly StoredObject[]
  readonly manifest: Uint8Array
  readonly written: number
}

class Backend {
  static readonly objects = new Map<string, Uint8Array>()
  readonly wholes: number[] = []
  readonly appended: number[] = []
  readonly backend: ChangelogStateBackend
  readonly #count

  constructor(range = { first: 0, last: MAX - 1 }) {
    const tracker = new ChangeTracker({ maxParallelism: MAX })
    const inner = new HeapStateBackend({ maxParallelism: MAX, range, observer: tracker })
    this.backend = new ChangelogStateBackend({
      inner,
      tracker,
      log: new ObjectLog(),
      onAppended: (_, { count }) => this.appended.push(count),
      onWholeStored: (sizeBytes) => this.wholes.push(sizeBytes),
    })
    this.#count = this.backend.valueState<number>(valueState('count'))
  }

  set(...pairs: readonly (readonly [string, number | null])[]): this {
    for (const [key, value] of pairs) {
      this.backend.setCurrentKey(key, hashKey(key))
      if (value === null) this.#count.clear()
      else this.#count.update(value)
    }
    return this
  }

  get content(): Record<string, unknown> {
    const entries = [...this.backend.entries('count')]
    return Object.fromEntries(entries.map(([, key, value]) => [String(key), value]))
  }

  begin(checkpoint: number, base: number | null): KeyedStateSnapshot {
    const request = {
      checkpoint: checkpointId(checkpoint),
      base: base === null ? null : checkpointId(base),
    }
    return this.backend.snapshot(request)
  }

  take(checkpoint: number, base: number | null): Taken {
    return store(checkpoint, this.begin(checkpoint, base))
  }

  /** Stores the whole state as of the newest line. */
  materialize(name: string): void {
    const materialization = present(this.backend.materialize(), 'Nothing has changed.')
    for (;;) {
      const step = materialization.steps.next()
      if (step.done !== true) continue
      const run = present(step.value, 'There is nothing to store.')
      Backend.objects.set(name, run.bytes)
      materialization.stored({ key: name, sizeBytes: run.sizeBytes, checksum: run.checksum })
      return
    }
  }

  restore({ id, objects, manifest }: Taken): this {
    const decoded = decodeManifest(manifest)
    if (typeof decoded === 'string') throw new Error(decoded)
    const runs = objects.map((object) => {
      const bytes = present(Backend.objects.get(object.key), `${object.key} is gone.`)
      const run = SortedRun.decode(bytes, object.checksum)
      if (typeof run === 'string') throw new Error(run)
      return { run, object }
    })
    this.backend.restoreRuns(decoded.states, runs, id)
    return this
  }
}

function store(checkpoint: number, snapshot: KeyedStateSnapshot): Taken {
  const own = present(snapshot.own, 'It was asked for.')
  const objects: StoredObject[] = []
  let written = 0
  for (const part of own.parts()) {
    if (part.type === 'stored') objects.push(part.object)
    if (part.type !== 'new') continue
    const key = `${checkpoint}-${written}`
    const bytes = Uint8Array.from(part.pieces.flatMap((piece) => [...piece]))
    Backend.objects.set(key, bytes)
    const object = { key, sizeBytes: bytes.length, checksum: part.checksum }
    part.onStored(object)
    objects.push(object)
    written += 1
  }
  const manifest = own.manifest()
  snapshot.release()
  return { id: checkpointId(checkpoint), objects, manifest, written }
}

const keys = ({ objects }: Taken): string[] => objects.map(({ key }) => key)
const restored = (taken: Taken): Record<string, unknown> => new Backend().restore(taken).content

describe('a checkpoint names what completed ones wrote, and adds what changed', () => {
  test('with the full value of each row that changed, once', () => {
    const b = new Backend().set(['a', 1], ['b', 1], ['a', 2])
    const first = b.take(1, null)
    const second = b.set(['b', 3], ['c', 3]).take(2, 1)
    const third = b.set(['a', null]).take(3, 2)
    expect([keys(first), keys(second), keys(third)]).toEqual([
      ['1-0'],
      ['2-0', '1-0'],
      ['3-0', '2-0', '1-0'],
    ])
    expect(b.appended).toEqual([2, 2, 1])
    expect(restored(first)).toEqual({ a: 2, b: 1 })
    expect(restored(second)).toEqual({ a: 2, b: 3, c: 3 })
    expect(restored(third)).toEqual({ b: 3, c: 3 })
  })

  test('and nothing when nothing changed', () => {
    const b = new Backend().set(['a', 1])
    b.take(1, null)
    expect(b.take(2, 1)).toMatchObject({ written: 0, objects: [{ key: '1-0' }] })
  })

  test('what only an aborted one wrote is written again', () => {
    const b = new Backend().set(['a', 1])
    b.take(1, null)
    b.set(['b', 2]).take(2, 1)
    const third = b.set(['c', 3]).take(3, 1)
    expect(keys(third)).toEqual(['3-0', '1-0'])
    expect(restored(third)).toEqual({ a: 1, b: 2, c: 3 })
  })

  test('also when the aborted one was given up before anything of it was encoded', () => {
    const b = new Backend().set(['a', 1])
    b.take(1, null)
    b.set(['b', 2]).begin(2, 1).release()
    expect(restored(b.set(['c', 3]).take(3, 1))).toEqual({ a: 1, b: 2, c: 3 })
  })

  test('as of its own moment, whatever changed before it was encoded', () => {
    const b = new Backend().set(['a', 1])
    const pending = b.begin(1, null)
    b.set(['a', 2], ['b', 2])
    const second = b.begin(2, null)
    b.set(['a', 3])
    expect(restored(store(2, second))).toEqual({ a: 2, b: 2 })
    expect(restored(store(1, pending))).toEqual({ a: 1 })
  })

  test('a savepoint is whole, and the changes stay changes', () => {
    const b = new Backend().set(['a', 1])
    expect([...b.backend.snapshot().keyGroups()]).toHaveLength(1)
    expect(restored(b.take(1, null))).toEqual({ a: 1 })
  })
})

describe('the whole state', () => {
  test('is stored beside checkpoints, and named by the next one instead of what is older', () => {
    const b = new Backend().set(['a', 1])
    b.take(1, null)
    b.set(['b', 2]).take(2, 1)
    b.materialize('m')
    const third = b.set(['c', 3]).take(3, 2)
    expect(keys(third)).toEqual(['3-0', 'm'])
    expect(restored(third)).toEqual({ a: 1, b: 2, c: 3 })
    expect(keys(b.set(['d', 4]).take(4, 3))).toEqual(['4-0', '3-0', 'm'])
  })

  test('shows the moment of its checkpoint, whatever changes while it is stored', () => {
    const b = new Backend().set(['a', 1])
    b.take(1, null)
    const materialization = present(b.backend.materialize(), 'Something changed.')
    b.set(['a', 2], ['b', 2])
    let step = materialization.steps.next()
    while (step.done !== true) step = materialization.steps.next()
    const { bytes, sizeBytes, checksum } = present(step.value, 'It has rows.')
    Backend.objects.set('w', bytes)
    materialization.stored({ key: 'w', sizeBytes, checksum })
    const second = b.take(2, 1)
    expect(keys(second)).toEqual(['2-0', 'w'])
    expect(restored(second)).toEqual({ a: 2, b: 2 })
    expect(restored({ ...second, objects: second.objects.slice(1) })).toEqual({ a: 1 })
  })

  test('is not named again when only an aborted checkpoint named it: it may be gone with that', () => {
    const b = new Backend().set(['a', 1])
    b.take(1, null)
    b.materialize('gone')
    expect(keys(b.set(['b', 2]).take(2, 1))).toEqual(['2-0', 'gone'])
    const third = b.take(3, 1)
    expect(keys(third)).toEqual(['3-0', '1-0'])
    expect(restored(third)).toEqual({ a: 1, b: 2 })
  })

  test('stays unnamed when the snapshot was given up before anybody heard of it', () => {
    const b = new Backend().set(['a', 1])
    b.take(1, null)
    b.materialize('kept')
    b.set(['b', 2]).begin(2, 1).release()
    expect(b.backend.unnamedObjects().map(({ key }) => key)).toEqual(['kept'])
    expect(keys(b.take(3, 1))).toEqual(['3-0', 'kept'])
    expect(b.backend.unnamedObjects()).toEqual([])
  })

  test('is not stored again before something changed, nor while it is under way', () => {
    const b = new Backend().set(['a', 1])
    b.take(1, null)
    const first = present(b.backend.materialize(), 'Something changed.')
    b.set(['b', 2]).take(2, 1)
    expect(b.backend.materialize()).toBeNull()
    first.failed()
    expect(b.backend.materialize()).not.toBeNull()
  })

  test('is written by a checkpoint that may name nothing of others', () => {
    const b = new Backend().set(['a', 1])
    b.take(1, null)
    b.set(['b', 2]).take(2, 1)
    const whole = b.set(['c', 3]).take(3, null)
    expect(keys(whole)).toEqual(['3-0'])
    expect(restored(whole)).toEqual({ a: 1, b: 2, c: 3 })
    expect(b.wholes).toHaveLength(1)
    expect(keys(b.set(['d', 4]).take(4, 3))).toEqual(['4-0', '3-0'])
  })
})

describe('after a restore', () => {
  test('checkpoints go on behind what was restored', () => {
    const first = new Backend().set(['a', 1], ['b', 1]).take(1, null)
    const b = new Backend().restore(first)
    const second = b.set(['b', 2]).take(2, 1)
    expect(keys(second)).toEqual(['2-0', '1-0'])
    expect(b.appended).toEqual([1])
    expect(restored(second)).toEqual({ a: 1, b: 2 })
  })

  test('what holds rows of other subtasks is not named again: they could not be told apart', () => {
    const all = Array.from({ length: 20 }, (_, i) => [`key ${i}`, i] as const)
    const first = new Backend().set(...all).take(1, null)
    const half = new Backend({ first: 0, last: MAX / 2 - 1 }).restore(first)
    const count = Object.keys(half.content).length
    expect(count).toBeGreaterThan(0)
    expect(count).toBeLessThan(20)
    const second = half.take(2, 1)
    expect(keys(second)).toEqual(['2-0'])
    expect(restored(second)).toEqual(half.content)
  })

  test('from key groups of another backend the first checkpoint is whole', () => {
    const heap = new HeapStateBackend({ maxParallelism: MAX, range: { first: 0, last: MAX - 1 } })
    heap.setCurrentKey('a', hashKey('a'))
    heap.valueState<number>(valueState('count')).update(1)
    const b = new Backend()
    b.backend.restore(heap.snapshot().keyGroups())
    expect(restored(b.set(['b', 2]).take(2, 1))).toEqual({ a: 1, b: 2 })
    expect(b.wholes).toHaveLength(1)
  })
})

test('hints about the next keys reach the backend below, which may have to fetch them', () => {
  const hints: unknown[] = []
  const range = { first: 0, last: MAX - 1 }
  const inner = Object.assign(new HeapStateBackend({ maxParallelism: MAX, range }), {
    prefetch: (keys: readonly unknown[]) => hints.push(...keys),
  })
  const tracker = new ChangeTracker({ maxParallelism: MAX })
  const backend = new ChangelogStateBackend({ inner, tracker, log: new ObjectLog() })
  backend.prefetch?.(['a'], [hashKey('a')])
  expect(hints).toEqual(['a'])
})

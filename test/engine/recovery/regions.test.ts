/** What fails together, and which failure a subtask belongs to. */
import { describe, expect, test } from 'vitest'
import { subtaskId, vertexId } from '../../../engine/ids.ts'
import { defineJob } from '../../../engine/job/define-job.ts'
import type { DataStream } from '../../../engine/job/data-stream.ts'
import { buildJobGraph } from '../../../engine/job/job-graph.ts'
import { PendingRestarts } from '../../../engine/recovery/pending-restarts.ts'
import { regionsOf } from '../../../engine/recovery/regions.ts'
import { discardSink } from '../../../engine/sink/sinks.ts'
import { generatorSource } from '../../../engine/source/sources.ts'

/** Each region once, as `a/0 b/0`. */
function regions(build: (numbers: DataStream<number>) => DataStream<number>): string[] {
  const job = defineJob('Regions', { parallelism: 2, chaining: false }, (env) => {
    const numbers = env.fromSource(
      generatorSource(1, (i) => i),
      { uid: 'a' },
    )
    build(numbers).sinkTo(discardSink(), { uid: 'z' })
  })
  const found = [...regionsOf(buildJobGraph(job)).values()].map((members) => members.join(' '))
  return [...new Set(found)]
}

describe('regions', () => {
  test('subtasks that are joined by forward edges are one for each index', () => {
    expect(regions((numbers) => numbers.map((n) => n, { uid: 'b' }))).toEqual([
      'a/0 b/0 z/0',
      'a/1 b/1 z/1',
    ])
  })

  test.each(['keyed', 'rebalanced', 'broadcast'] as const)('a shuffle joins all: %s', (how) => {
    const found = regions((numbers) => {
      if (how === 'keyed') return numbers.keyBy((n) => n).reduce((a) => a, { uid: 'b' })
      const dealt = how === 'rebalanced' ? numbers.rebalance() : numbers.broadcast()
      return dealt.map((n) => n, { uid: 'b' })
    })
    expect(found).toEqual(['a/0 a/1 b/0 b/1 z/0 z/1'])
  })

  test('pipelines of one job that share nothing are regions of their own', () => {
    const job = defineJob('Two', { parallelism: 1 }, (env) => {
      for (const uid of ['a', 'b']) {
        env
          .fromSource(
            generatorSource(1, (i) => i),
            { uid },
          )
          .sinkTo(discardSink(), { uid: `${uid}-sink` })
      }
    })
    expect([...regionsOf(buildJobGraph(job))]).toEqual([
      ['a/0', ['a/0']],
      ['b/0', ['b/0']],
    ])
  })
})

describe('pending restarts', () => {
  const [a, b, c] = [0, 1, 2].map((index) => subtaskId(vertexId('v'), index)) as [
    ReturnType<typeof subtaskId>,
    ReturnType<typeof subtaskId>,
    ReturnType<typeof subtaskId>,
  ]

  test('are due when their pause is over, oldest first', () => {
    const restarts = new PendingRestarts()
    const first = restarts.add(1, [a], false)
    const second = restarts.add(2, [b], false)
    expect(restarts.due).toEqual([])
    second.isPauseOver = true
    first.isPauseOver = true
    expect(restarts.due.map(({ restart }) => restart)).toEqual([1, 2])
    restarts.remove(first)
    restarts.remove(second)
    expect(restarts.isEmpty).toBe(true)
  })

  test('a newer failure takes over what it shares with an older one', () => {
    const restarts = new PendingRestarts()
    const older = restarts.add(1, [a, b], false)
    const newer = restarts.add(2, [b, c], false)
    expect(restarts.ownedBy(older)).toEqual([a])
    expect(restarts.ownedBy(newer)).toEqual([b, c])
    expect([a, b, c].map((one) => restarts.includes(one))).toEqual([true, true, true])
    restarts.remove(newer)
    expect(restarts.includes(c)).toBe(false)
  })

  test('one that a newer failure has taken over altogether is dropped', () => {
    const restarts = new PendingRestarts()
    restarts.add(1, [a], false).isPauseOver = true
    expect(restarts.isGlobal).toBe(false)
    restarts.add(2, [a, b, c], true)
    expect(restarts.isGlobal).toBe(true)
    expect(restarts.due).toEqual([])
    restarts.clear()
    expect(restarts.isEmpty).toBe(true)
  })
})

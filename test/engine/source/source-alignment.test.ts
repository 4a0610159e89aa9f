/** What the job master announces to the readers of sources that align. */
import { expect, test } from 'vitest'
import { MAX_WATERMARK } from '../../../engine/element.ts'
import { AlignmentGroup, SourceAlignment } from '../../../engine/source/source-alignment.ts'
import { FakeRuntime } from '../fake-runtime.ts'

/** Two sources of one group; `left` has a drift of 10 and announces every 100 ms, `right` 50 and 200. */
class Aligning {
  readonly runtime = new FakeRuntime()
  readonly #group = new AlignmentGroup()
  readonly #announced: string[] = []
  readonly left = this.#source('left', 10, 100)
  readonly right = this.#source('right', 50, 200)

  get announced(): string[] {
    return this.#announced.splice(0)
  }

  #source(uid: string, maxDriftMs: number, updateIntervalMs: number): SourceAlignment {
    const options = { group: 'g', maxDriftMs, updateIntervalMs }
    const alignment = new SourceAlignment(uid, options, this.#group, (index, maxAllowed) => {
      this.#announced.push(`${uid}/${index}: ${maxAllowed}`)
    })
    alignment.start(this.runtime)
    return alignment
  }
}

test('who has reported is told the least watermark of the group plus the own drift', () => {
  const { runtime, left, right, ...rest } = aligning()
  left.report(0, 500)
  right.report(1, 300)
  runtime.advance(100)
  expect(rest.announced()).toEqual(['left/0: 310'])
  right.report(1, 400)
  runtime.advance(100)
  expect(rest.announced().toSorted()).toEqual(['left/0: 410', 'right/1: 450'])
})

test('nobody is told anything before a report', () => {
  const { runtime, announced } = aligning()
  runtime.advance(1000)
  expect(announced()).toEqual([])
})

test('who has ended holds nobody back', () => {
  const { runtime, left, right, announced } = aligning()
  left.report(0, 500)
  right.report(0, 100)
  right.report(0, MAX_WATERMARK)
  runtime.advance(100)
  expect(announced()).toEqual(['left/0: 510'])
})

test('what was reported before a restart does not count', () => {
  const { runtime, left, right, announced } = aligning()
  left.report(0, 500)
  right.report(0, 100)
  right.reset()
  runtime.advance(200)
  expect(new Set(announced())).toEqual(new Set(['left/0: 510']))
})

function aligning() {
  const all = new Aligning()
  return {
    runtime: all.runtime,
    left: all.left,
    right: all.right,
    announced: () => all.announced,
  }
}

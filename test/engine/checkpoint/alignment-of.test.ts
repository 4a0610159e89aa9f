/** How the barriers of a checkpoint begin, by its kind and the settings. */
import { expect, test } from 'vitest'
import { alignmentOf } from '../../../engine/checkpoint/alignment-of.ts'
import { checkpointingSettings } from '../../../engine/job/job-options.ts'

const settings = (options: object) => checkpointingSettings({ intervalMs: 1000, ...options })

test.each([
  ['without unaligned', {}, { alignment: 'aligned' }],
  ['with at-least-once', { mode: 'at-least-once' }, { alignment: 'at-least-once' }],
  ['with unaligned', { unaligned: true }, { alignment: 'unaligned' }],
  [
    'with a timeout',
    { unaligned: true, alignedTimeoutMs: 30 },
    { alignment: 'aligned', alignedTimeoutMs: 30 },
  ],
  ['with a timeout alone', { alignedTimeoutMs: 30 }, { alignment: 'aligned' }],
])('a checkpoint %s', (_, options, expected) => {
  expect(alignmentOf('checkpoint', settings(options))).toEqual(expected)
})

test.each(['savepoint', 'stop', 'drain', 'final'] as const)(
  'a %s is aligned whatever the settings, and without timeout',
  (kind) => {
    const both = settings({ unaligned: true, alignedTimeoutMs: 30 })
    expect(alignmentOf(kind, both)).toEqual({ alignment: 'aligned' })
    expect(alignmentOf(kind, settings({ mode: 'at-least-once' }))).toEqual({
      alignment: 'at-least-once',
    })
  },
)

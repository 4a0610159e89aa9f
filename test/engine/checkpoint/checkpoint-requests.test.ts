/** The order of requests and whose turn it is: every row of Flink's CheckpointRequestDecider. */
import { describe, expect, test } from 'vitest'
import { choose, enqueue, REQUESTS_MAX } from '../../../engine/checkpoint/checkpoint-requests.ts'
import type {
  CheckpointRequest,
  Occupancy,
  RequestQueue,
} from '../../../engine/checkpoint/checkpoint-requests.ts'
import { millis } from '../../../engine/ids.ts'

function request(
  kind: 'checkpoint' | 'savepoint' | 'final' = 'checkpoint',
  at = 0,
  { isPeriodic = kind === 'checkpoint', isForced = false } = {},
): CheckpointRequest {
  const requestId = at
  const savepoint = kind === 'savepoint' ? { requestId, location: `sp-${at}` } : null
  return { kind, isPeriodic, isForced, requestedAt: millis(at), savepoint }
}

function queued(...requests: readonly CheckpointRequest[]): RequestQueue {
  return requests.reduce<RequestQueue>((queue, one) => enqueue(queue, one)[0], [])
}

describe('the order of requests', () => {
  const periodic = request('checkpoint', 1)
  const asked = request('final', 9)
  const forced = request('checkpoint', 9, { isForced: true })
  const savepoint = request('savepoint', 9)

  test('savepoints, forced ones, those that somebody asked for, those of the interval', () => {
    const inOrder = [savepoint, forced, asked, periodic]
    expect(queued(periodic, asked, forced, savepoint)).toEqual(inOrder)
    expect(queued(savepoint, forced, asked, periodic)).toEqual(inOrder)
    expect(queued(asked, savepoint, periodic, forced)).toEqual(inOrder)
  })

  test('of equals the oldest, and of those the first that came', () => {
    const first = request('savepoint', 5)
    const second = { ...request('savepoint', 5), savepoint: { requestId: 6, location: 'other' } }
    expect(queued(first, second, request('savepoint', 4))).toEqual([
      request('savepoint', 4),
      first,
      second,
    ])
  })

  test('so many may wait; one more displaces one of the interval', () => {
    const full = queued(...Array.from({ length: REQUESTS_MAX }, (_, i) => request('checkpoint', i)))
    const [queue, refused] = enqueue(full, savepoint)
    expect(queue).toHaveLength(REQUESTS_MAX)
    expect(queue[0]).toBe(savepoint)
    expect(refused).toEqual(request('checkpoint', REQUESTS_MAX - 1))
  })

  test('where all that wait were asked for, the new one is refused', () => {
    const full = Array.from({ length: REQUESTS_MAX }, (_, i) => request('savepoint', i))
    const [queue, refused] = enqueue(full, savepoint)
    expect(queue).toBe(full)
    expect(refused).toBe(savepoint)
  })
})

describe('whose turn it is', () => {
  const free: Occupancy = {
    isTriggering: false,
    pending: 0,
    cleaning: 0,
    maxConcurrent: 1,
    earliest: millis(0),
    now: millis(0),
  }
  const KINDS = {
    periodic: request(),
    asked: request('final'),
    forced: request('savepoint', 0, { isForced: true, isPeriodic: false }),
  }
  const table: readonly (readonly [
    situation: string,
    occupancy: Partial<Occupancy>,
    periodic: string,
    asked: string,
    forced: string,
  ])[] = [
    ['nothing is under way', {}, 'run', 'run', 'run'],
    ['another has no barriers yet', { isTriggering: true }, 'wait', 'wait', 'wait'],
    ['too many old ones are being deleted', { cleaning: 2 }, 'wait', 'wait', 'wait'],
    ['as many are being deleted as may pend', { cleaning: 1 }, 'run', 'run', 'run'],
    ['as many pend as may', { pending: 1 }, 'wait', 'wait', 'run'],
    ['more pend than may', { pending: 2 }, 'wait', 'wait', 'run'],
    ['fewer pend than may', { pending: 1, maxConcurrent: 2 }, 'run', 'run', 'run'],
    ['the pause is not over', { earliest: millis(30) }, 'too-early', 'run', 'run'],
    ['the pause ends now', { earliest: millis(30), now: millis(30) }, 'run', 'run', 'run'],
    ['both', { pending: 1, earliest: millis(30) }, 'wait', 'wait', 'run'],
  ]

  test.each(table)('when %s', (_, occupancy, ...expected) => {
    const found = Object.values(KINDS).map((one) => choose([one], { ...free, ...occupancy }).type)
    expect(found).toEqual(expected)
  })

  test('nobody waits', () => {
    expect(choose([], free)).toEqual({ type: 'wait' })
  })

  test('the first of the queue goes, the others stay', () => {
    const queue = queued(KINDS.periodic, KINDS.forced)
    expect(choose(queue, free)).toEqual({
      type: 'run',
      request: KINDS.forced,
      rest: [KINDS.periodic],
    })
  })

  test('one that is too early is over; the interval begins again with what is left of the pause', () => {
    const occupancy = { ...free, earliest: millis(30), now: millis(10) }
    expect(choose([KINDS.periodic], occupancy)).toEqual({
      type: 'too-early',
      delayMs: 20,
      rest: [],
    })
  })
})

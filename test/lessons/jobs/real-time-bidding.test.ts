/** Real-time bidding: what every campaign spent, against all pairs of bid and win, in order of time. */
import { expect, test } from 'vitest'
import { bidStream } from '../../../sim/workload/bid-stream.ts'
import type { JobRun } from './running.ts'
import { byTime, expectSame, groupBy, testUnderPlans } from './running.ts'

const NOTICE_MS = 10_000

interface Bid {
  readonly auction: string
  readonly campaign: string
  readonly time: number
}

interface Win {
  readonly auction: string
  readonly price: number
  readonly time: number
}

interface Spending {
  readonly campaign: string
  readonly auction: string
  readonly price: number
  readonly spent: number
}

function spendingOf(bids: readonly Bid[], wins: readonly Win[]): Spending[] {
  const pairs = wins.flatMap(({ auction, price, time }) =>
    bids
      .filter((bid) => bid.auction === auction && time >= bid.time && time <= bid.time + NOTICE_MS)
      .map(({ campaign }) => ({ campaign, auction, price, time })),
  )
  return [...groupBy(pairs, ({ campaign }) => campaign)].flatMap(([campaign, own]) => {
    let spent = 0
    return byTime(own).map(({ auction, price }) => {
      spent += price
      return { campaign, auction, price, spent }
    })
  })
}

function alertsOf(spending: readonly Spending[]): object[] {
  const limits = [
    ['nearly-spent', 16_000],
    ['spent', 20_000],
  ] as const
  return [...groupBy(spending, ({ campaign }) => campaign)].flatMap(([campaign, own]) =>
    limits.flatMap(([kind, limit]) => {
      const first = own.find(({ spent }) => spent >= limit)
      return first === undefined ? [] : [{ campaign, kind, auction: first.auction }]
    }),
  )
}

function check({ fed, committed, hasFaults }: JobRun): void {
  const spending = spendingOf(fed('bids'), fed('wins'))
  expectSame(committed('campaign-spending'), spending)
  expectSame(committed('budget-alerts'), alertsOf(spending))
  const planted = fed<Win>('wins').filter(({ auction }) => auction.startsWith('late-notice'))
  const late = committed<Win>('late-wins')
  // After a restart event time begins anew: what was too late may be let in, where it finds no bid.
  if (!hasFaults) expect(late).toHaveLength(2)
  expectSame(
    late,
    planted.filter(({ auction }) => late.some((win) => win.auction === auction)),
  )
}

testUnderPlans('real-time-bidding', check)

test('a campaign is spent in the order of time', () => {
  const spending = spendingOf(
    [
      { auction: 'a', campaign: 'c', time: 1 },
      { auction: 'b', campaign: 'c', time: 0 },
    ],
    [
      { auction: 'a', price: 5, time: 9 },
      { auction: 'b', price: 7, time: 8 },
    ],
  )
  expect(spending.map(({ auction, spent }) => `${auction} ${spent}`)).toEqual(['b 7', 'a 12'])
})

test('the generated auctions hold what the job is to find, and what it is not to take for it', () => {
  const records = bidStream({}, 11)
  const read = <T>(topic: string): T[] =>
    records.flatMap((record) =>
      record.topic === topic && record.key !== null ? [JSON.parse(record.value)] : [],
    )
  const spending = spendingOf(read('bids'), read('wins'))
  const planted = spending.filter(({ campaign }) => campaign === 'planted')
  expect(planted.map(({ auction }) => auction).toSorted()).toEqual(['at-once', 'just-in-time'])
  const exact = spending.filter(({ campaign }) => campaign === 'exact-budget')
  expect(exact.map(({ spent }) => spent)).toContain(20_000)
  expect(exact).toHaveLength(11)
  expect(read('wins').length - spending.length).toBeGreaterThan(10)
  const alerts = alertsOf(spending)
  expect(alerts).toContainEqual({
    campaign: 'exact-budget',
    kind: 'nearly-spent',
    auction: 'exact-8',
  })
  expect(alerts).toContainEqual({ campaign: 'exact-budget', kind: 'spent', auction: 'exact-10' })
  expect(alerts.length).toBeGreaterThan(10)
})

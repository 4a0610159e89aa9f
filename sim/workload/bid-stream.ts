/**
 * Bids in auctions and the notices of those that won. Planted: wins to the millisecond of the 10 s within which they
 * count, wins in auctions without a bid, notices that come a minute late, and a campaign whose last win takes exactly
 * what is left of its budget.
 */
import { Randomness } from '../world/randomness.ts'
import { EventWorkload, FIRST_EVENT_MS } from './event-workload.ts'
import type { WorkloadRecord } from './event-workload.ts'
import { parametersOf } from './parameters.ts'
import type { Parameters } from './parameters.ts'

export const BID_TOPICS = ['bids', 'wins'] as const

const DEFAULTS = { auctions: 700, campaigns: 8 } as const
const SECOND_MS = 1000
/** A win counts up to so long after its bid. */
const NOTICE_MS = 10 * SECOND_MS
/** What a campaign may spend, in cents. */
const BUDGET = 20_000

interface Auction {
  readonly auction: string
  readonly campaign: string
  readonly cents: number
  /** Null: no bid was made. */
  readonly bidAt: number | null
  /** Null: it was not won. The price is the second highest bid. */
  readonly win: { readonly at: number; readonly price: number; readonly delayMs?: number } | null
}

/** Parameters: `auctions` (without those that are planted), `campaigns`. */
export function bidStream(params: Parameters, seed: number): WorkloadRecord[] {
  const { auctions, campaigns } = parametersOf('bid-stream', DEFAULTS, params)
  const random = new Randomness(seed)
  const workload = new EventWorkload(random, {
    topics: BID_TOPICS,
    outOfOrdernessMs: 3 * SECOND_MS,
    heartbeatMs: 5 * SECOND_MS,
    lingerMs: 30 * SECOND_MS,
  })
  const taken = new Set<string>()
  const all = [
    ...usualAuctions(auctions, Math.max(1, campaigns), random),
    ...plantedAuctions(),
    ...exactBudget(),
  ]
  for (const { auction, campaign, cents, bidAt, win } of all) {
    if (bidAt !== null) workload.add('bids', auction, { auction, campaign, cents, time: bidAt })
    if (win === null) continue
    const time = freeTime(taken, campaign, win.at)
    workload.add('wins', auction, { auction, price: win.price, time }, win.delayMs)
  }
  return workload.finish()
}

/** No two wins of a campaign are of the same millisecond: what it spent, in order of time, is then one list. */
function freeTime(taken: Set<string>, campaign: string, wanted: number): number {
  let time = wanted
  while (taken.has(`${campaign} ${time}`)) time += 1
  taken.add(`${campaign} ${time}`)
  return time
}

function usualAuctions(auctions: number, campaigns: number, random: Randomness): Auction[] {
  return Array.from({ length: auctions }, (_, i) => {
    const bidAt = FIRST_EVENT_MS + i * 400 + random.draw('bid', 300)
    const cents = 100 + random.draw('cents', 900)
    const price = Math.max(1, cents - random.draw('second', 90))
    const isWon = random.draw('won', 100) < 70
    const isTooLate = random.draw('too-late', 100) < 3
    const after = isTooLate
      ? NOTICE_MS + 1 + random.draw('after', 5 * SECOND_MS)
      : 20 + random.draw('notice', NOTICE_MS - 1000)
    return {
      auction: `auction-${i + 1}`,
      campaign: `campaign-${random.draw('campaign', campaigns) + 1}`,
      cents,
      bidAt,
      win: isWon ? { at: bidAt + after, price } : null,
    }
  })
}

function plantedAuctions(): Auction[] {
  const at = FIRST_EVENT_MS + 60 * SECOND_MS
  const won = (auction: string, afterMs: number, more: Partial<Auction> = {}): Auction => ({
    auction,
    campaign: 'planted',
    cents: 500,
    bidAt: at,
    win: { at: at + afterMs, price: 400 },
    ...more,
  })
  const late = (auction: string, afterMs: number): Auction =>
    won(auction, 0, { win: { at: at + afterMs, price: 400, delayMs: 60 * SECOND_MS } })
  return [
    won('at-once', 0),
    won('just-in-time', NOTICE_MS),
    won('just-too-late', NOTICE_MS + 20),
    won('before-the-bid', -20),
    won('without-a-bid', 40, { bidAt: null }),
    // A minute late, and no bid would have counted: whether a restart lets them in makes no difference.
    late('late-notice', NOTICE_MS + 40),
    { ...late('late-notice-without-a-bid', 60), bidAt: null },
  ]
}

/** Ten wins that take the budget exactly, and one more. */
function exactBudget(): Auction[] {
  return Array.from({ length: 11 }, (_, i) => {
    const bidAt = FIRST_EVENT_MS + (10 + i) * SECOND_MS
    const cents = BUDGET / 10
    return {
      auction: `exact-${i + 1}`,
      campaign: 'exact-budget',
      cents,
      bidAt,
      win: { at: bidAt + 100, price: cents },
    }
  })
}

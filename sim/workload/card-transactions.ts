/**
 * Payments by card. Planted: cards that are tested with small amounts before a big one is taken, cards that are used in
 * two countries within an hour, and near misses of both, to the millisecond and to the cent.
 */
import { Randomness } from '../world/randomness.ts'
import { EventWorkload, FIRST_EVENT_MS } from './event-workload.ts'
import type { WorkloadRecord } from './event-workload.ts'
import { parametersOf } from './parameters.ts'
import type { Parameters } from './parameters.ts'

export const CARD_TRANSACTION_TOPICS = ['transactions'] as const

const DEFAULTS = { records: 1500, cards: 60 } as const
const SECOND_MS = 1000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
/** A test is at most so much, a big amount at least so much. */
const SMALL = 300
const BIG = 50_000
/** A big amount counts when it comes less than this after the first test. */
const WITHIN_MS = 2 * MINUTE_MS
const COUNTRIES = ['AT', 'CH', 'DE', 'FR', 'JP', 'US']

interface Transaction {
  readonly id: string
  readonly card: string
  readonly cents: number
  readonly country: string
  readonly time: number
}

/** Parameters: `records` (without those that are planted), `cards`. */
export function cardTransactions(params: Parameters, seed: number): WorkloadRecord[] {
  const { records, cards } = parametersOf('card-transactions', DEFAULTS, params)
  const random = new Randomness(seed)
  const workload = new EventWorkload(random, {
    topics: CARD_TRANSACTION_TOPICS,
    outOfOrdernessMs: 10 * SECOND_MS,
    heartbeatMs: 10 * MINUTE_MS,
    lingerMs: HOUR_MS,
  })
  const transactions = [
    ...usualTransactions(records, Math.max(1, cards), random),
    ...plantedTests(),
    ...plantedTravels(),
  ]
  for (const transaction of transactions) {
    workload.add('transactions', transaction.card, transaction)
  }
  return workload.finish()
}

/** Many come in bursts, and so may look like a test by chance. */
function usualTransactions(records: number, cards: number, random: Randomness): Transaction[] {
  const clocks = Array.from({ length: cards }, () => FIRST_EVENT_MS + random.draw('begin', HOUR_MS))
  return Array.from({ length: records }, (_, i) => {
    const number = random.draw('card', cards)
    const time = clocks[number] ?? FIRST_EVENT_MS
    const isBurst = random.draw('burst', 100) < 70
    const pause = isBurst
      ? 5 * SECOND_MS + random.draw('soon', 30 * SECOND_MS)
      : 10 * MINUTE_MS + random.draw('later', HOUR_MS)
    clocks[number] = time + pause
    const home = number % COUNTRIES.length
    const isAbroad = random.draw('abroad', 100) < 2
    const country = COUNTRIES[isAbroad ? random.draw('country', COUNTRIES.length) : home] ?? 'AT'
    return { id: `t${i + 1}`, card: `card-${number + 1}`, cents: amountOf(random), country, time }
  })
}

function amountOf(random: Randomness): number {
  const kind = random.draw('kind', 100)
  if (kind < 20) return 1 + random.draw('small', SMALL)
  if (kind < 28) return BIG + random.draw('big', 200_000)
  return SMALL + 1 + random.draw('usual', 20_000)
}

function plantedTests(): Transaction[] {
  const begin = FIRST_EVENT_MS + 30 * MINUTE_MS
  /** Amounts with the ms after the first one. */
  const on = (card: string, ...steps: (readonly [afterMs: number, cents: number])[]) =>
    steps.map(([afterMs, cents], i) => ({
      id: `${card}-${i + 1}`,
      card,
      cents,
      country: 'AT',
      time: begin + afterMs,
    }))
  const soon = 20 * SECOND_MS
  return [
    ...on('tested', [0, 100], [soon, 250], [2 * soon, 90_000]),
    ...on(
      'tested-between-purchases',
      [0, 100],
      [5000, 4000],
      [soon, 1],
      [30_000, 777],
      [60_000, BIG],
    ),
    ...on('tested-three-times', [0, 100], [soon, 100], [2 * soon, 100], [3 * soon, 70_000]),
    ...on('taken-twice', [0, 9], [1000, 9], [2000, BIG], [3000, 9], [4000, 9], [5000, BIG]),
    ...on('one-test-for-two', [0, 9], [1000, 9], [2000, BIG], [3000, BIG]),
    ...on('just-in-time', [0, 100], [soon, 100], [WITHIN_MS - 1, BIG]),
    ...on('just-too-late', [0, 100], [soon, 100], [WITHIN_MS, BIG]),
    ...on('first-test-too-old', [0, 1], [soon, 2], [2 * soon, 3], [WITHIN_MS, BIG]),
    ...on('tested-once', [0, 100], [soon, BIG]),
    ...on('big-one-first', [0, BIG], [soon, 100], [2 * soon, 100]),
    ...on('not-quite-small', [0, SMALL + 1], [soon, SMALL], [2 * soon, BIG]),
    ...on('exactly-small', [0, SMALL], [soon, SMALL], [2 * soon, BIG]),
    ...on('not-quite-big', [0, 100], [soon, 100], [2 * soon, BIG - 1]),
  ]
}

function plantedTravels(): Transaction[] {
  const begin = FIRST_EVENT_MS + 90 * MINUTE_MS
  const journey = (card: string, ...stops: (readonly [afterMs: number, country: string])[]) =>
    stops.map(([afterMs, country], i) => ({
      id: `${card}-${i + 1}`,
      card,
      cents: 2500,
      country,
      time: begin + afterMs,
    }))
  return [
    ...journey('in-two-countries', [0, 'AT'], [10 * MINUTE_MS, 'JP']),
    ...journey('to-and-fro', [0, 'AT'], [MINUTE_MS, 'JP'], [2 * MINUTE_MS, 'AT']),
    ...journey('just-too-fast', [0, 'DE'], [HOUR_MS - 1, 'US']),
    ...journey('just-possible', [0, 'DE'], [HOUR_MS, 'US']),
    ...journey('stays', [0, 'DE'], [MINUTE_MS, 'DE']),
    ...journey('out-of-order', [0, 'FR'], [3000, 'US'], [6000, 'US']),
  ]
}

/** Fraud: tested cards and impossible travels, against a walk through each card's payments in order. */
import { expect, test } from 'vitest'
import { cardTransactions } from '../../../sim/workload/card-transactions.ts'
import { byTime, expectSame, groupBy, testUnderPlans } from './running.ts'

const WITHIN_MS = 120_000
const TRAVEL_MS = 3_600_000

interface Transaction {
  readonly id: string
  readonly card: string
  readonly cents: number
  readonly country: string
  readonly time: number
}

interface Alert {
  readonly card: string
  readonly kind: string
  readonly transactions: readonly string[]
}

/** A big amount takes the first two tests that are not too old; tests before a match count for no other. */
function testedCards(card: string, transactions: readonly Transaction[]): Alert[] {
  const alerts: Alert[] = []
  let tests: Transaction[] = []
  for (const transaction of transactions) {
    tests = tests.filter(({ time }) => transaction.time - time < WITHIN_MS)
    if (transaction.cents <= 300) tests.push(transaction)
    const [first, second] = tests
    if (transaction.cents < 50_000 || first === undefined || second === undefined) continue
    alerts.push({
      card,
      kind: 'card-testing',
      transactions: [first.id, second.id, transaction.id],
    })
    tests = []
  }
  return alerts
}

function travels(card: string, transactions: readonly Transaction[]): Alert[] {
  return transactions.flatMap((transaction, i) => {
    const former = transactions[i - 1]
    if (former === undefined || former.country === transaction.country) return []
    if (transaction.time - former.time >= TRAVEL_MS) return []
    return [{ card, kind: 'impossible-travel', transactions: [former.id, transaction.id] }]
  })
}

function alertsOf(transactions: readonly Transaction[]): Alert[] {
  return [...groupBy(transactions, ({ card }) => card)].flatMap(([card, own]) => [
    ...testedCards(card, byTime(own)),
    ...travels(card, byTime(own)),
  ])
}

testUnderPlans('fraud-detection', ({ fed, committed }) => {
  expectSame(committed('fraud-alerts'), alertsOf(fed<Transaction>('transactions')))
})

test('the generated payments hold what the job is to find, and what it is not to take for it', () => {
  const transactions = cardTransactions({}, 11).flatMap(({ key, value }): Transaction[] =>
    key === null ? [] : [JSON.parse(value)],
  )
  const alerts = groupBy(alertsOf(transactions), ({ card }) => card)
  const planted = [...alerts].filter(([card]) => !card.startsWith('card-'))
  expect(Object.fromEntries(planted.map(([card, { length }]) => [card, length]))).toEqual({
    tested: 1,
    'tested-between-purchases': 1,
    'tested-three-times': 1,
    'taken-twice': 2,
    'one-test-for-two': 1,
    'just-in-time': 1,
    'first-test-too-old': 1,
    'exactly-small': 1,
    'in-two-countries': 1,
    'to-and-fro': 2,
    'just-too-fast': 1,
    'out-of-order': 1,
  })
  expect(alerts.get('first-test-too-old')?.[0]?.transactions).toEqual([
    'first-test-too-old-2',
    'first-test-too-old-3',
    'first-test-too-old-4',
  ])
  const others = [...alerts].filter(([card]) => card.startsWith('card-')).flatMap(([, own]) => own)
  for (const kind of ['card-testing', 'impossible-travel']) {
    expect(others.filter((alert) => alert.kind === kind).length, kind).toBeGreaterThan(2)
  }
})

/**
 * Fraud detection on card payments, in two ways. A pattern: two small amounts, to see whether the card works, and soon
 * a big one. Keyed state: the last country of each card; nobody pays in two of them within an hour.
 */
import { AfterMatchSkip, begin, defineJob, jsonOf, kafkaSink, valueState } from 'weirstream'
import type { KeyedProcessContext } from 'weirstream'
import { readEvents } from './shared/events.ts'
import type { TimedEvent } from './shared/events.ts'
import { inEventTimeOrder } from './shared/in-event-time-order.ts'

const SMALL_CENTS = 300
const BIG_CENTS = 50_000
const WITHIN_MS = 2 * 60_000
const TRAVEL_MS = 60 * 60_000

interface Transaction extends TimedEvent {
  readonly id: string
  readonly card: string
  readonly cents: number
  readonly country: string
}

interface FraudAlert {
  readonly card: string
  readonly kind: 'card-testing' | 'impossible-travel'
  readonly transactions: readonly string[]
}

/** One alert for each big amount: a match takes the tests before it away from other matches. */
const testedAndTaken = begin<Transaction>('tests', AfterMatchSkip.skipPastLastEvent())
  .where(({ cents }) => cents <= SMALL_CENTS)
  .times(2)
  .followedBy('taken')
  .where(({ cents }) => cents >= BIG_CENTS)
  .within(WITHIN_MS)

const last = valueState<Transaction>('last')

export default defineJob('Fraud Detection', { checkpointing: { intervalMs: 1000 } }, (env) => {
  const transactions = readEvents<Transaction>(env, {
    topic: 'transactions',
    groupId: 'fraud-detection',
    outOfOrdernessMs: 10_000,
  })

  const tested = transactions
    .keyBy(({ card }) => card)
    .pattern(
      testedAndTaken,
      {
        select: (match): FraudAlert => {
          const found = [...(match.get('tests') ?? []), ...(match.get('taken') ?? [])]
          const [first] = found
          return {
            card: first?.card ?? '',
            kind: 'card-testing',
            transactions: found.map(({ id }) => id),
          }
        },
      },
      { uid: 'card-testing', name: 'card-testing' },
    )

  const traveled = transactions
    .keyBy(({ card }) => card)
    .process(inEventTimeOrder<Transaction, string>(), { uid: 'in-order', name: 'in-order' })
    .keyBy(({ card }) => card)
    .process(compareCountries, { uid: 'impossible-travel', name: 'impossible-travel' })

  tested.union(traveled).sinkTo(
    kafkaSink({
      topic: 'fraud-alerts',
      value: jsonOf<FraudAlert>(),
      key: ({ card }) => card,
      delivery: 'exactly-once',
    }),
    { uid: 'alerts-sink', name: 'alerts-sink' },
  )
})

function compareCountries(
  transaction: Transaction,
  context: KeyedProcessContext<string, FraudAlert>,
): void {
  const former = context.state(last).value()
  context.state(last).update(transaction)
  if (former === undefined || former.country === transaction.country) return
  if (transaction.time - former.time >= TRAVEL_MS) return
  context.collect({
    card: transaction.card,
    kind: 'impossible-travel',
    transactions: [former.id, transaction.id],
  })
}

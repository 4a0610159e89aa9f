/**
 * Real-time bidding: bids are joined with the notices that they won, which count within 10 seconds, and the price is
 * taken off the campaign's budget, kept in state. Warns once when most of a budget is spent and once when all is.
 */
import { defineJob, jsonOf, kafkaSink, outputTag, valueState } from 'weirstream'
import type { KeyedProcessContext } from 'weirstream'
import { readEvents } from './shared/events.ts'
import type { TimedEvent } from './shared/events.ts'
import { inEventTimeOrder } from './shared/in-event-time-order.ts'

const NOTICE_MS = 10_000
const BUDGET_CENTS = 20_000
/** Four fifths of it. */
const WARNING_CENTS = 16_000

interface Bid extends TimedEvent {
  readonly auction: string
  readonly campaign: string
  readonly cents: number
}

interface Win extends TimedEvent {
  readonly auction: string
  readonly price: number
}

interface Purchase {
  readonly campaign: string
  readonly auction: string
  readonly price: number
}

interface Spending extends Purchase {
  /** By the campaign so far, in cents. */
  readonly spent: number
}

interface BudgetAlert {
  readonly campaign: string
  readonly kind: 'nearly-spent' | 'spent'
  readonly auction: string
}

const lateWins = outputTag<Win>('late-wins')
const budgetAlerts = outputTag<BudgetAlert>('budget-alerts')
const spentSoFar = valueState<number>('spent')

export default defineJob('Real-Time Bidding', { checkpointing: { intervalMs: 1000 } }, (env) => {
  const options = { groupId: 'real-time-bidding', outOfOrdernessMs: 3000 }
  const bids = readEvents<Bid>(env, { topic: 'bids', ...options })
  const wins = readEvents<Win>(env, { topic: 'wins', ...options })

  const purchases = bids
    .keyBy(({ auction }) => auction)
    .intervalJoin(
      wins.keyBy(({ auction }) => auction),
      { lowerBoundMs: 0, upperBoundMs: NOTICE_MS, rightLateOutput: lateWins },
    )
    .process<Purchase>(
      ({ campaign, auction }, { price }, context) => {
        context.collect({ campaign, auction, price })
      },
      { uid: 'purchases', name: 'purchases' },
    )

  const spending = purchases
    .keyBy(({ campaign }) => campaign)
    .process(inEventTimeOrder<Purchase, string>(), { uid: 'in-order', name: 'in-order' })
    .keyBy(({ campaign }) => campaign)
    .process(spend, { uid: 'budget', name: 'budget' })

  spending.sinkTo(
    kafkaSink({
      topic: 'campaign-spending',
      value: jsonOf<Spending>(),
      key: ({ campaign }) => campaign,
      delivery: 'exactly-once',
    }),
    { uid: 'spending-sink', name: 'spending-sink' },
  )
  spending
    .sideOutput(budgetAlerts)
    .sinkTo(
      kafkaSink({ topic: 'budget-alerts', value: jsonOf<BudgetAlert>(), delivery: 'exactly-once' }),
      { uid: 'alerts-sink', name: 'alerts-sink' },
    )
  purchases
    .sideOutput(lateWins)
    .sinkTo(kafkaSink({ topic: 'late-wins', value: jsonOf<Win>(), delivery: 'exactly-once' }), {
      uid: 'late-sink',
      name: 'late-sink',
    })
})

function spend(
  { campaign, auction, price }: Purchase,
  context: KeyedProcessContext<string, Spending>,
): void {
  const former = context.state(spentSoFar).value() ?? 0
  const spent = former + price
  context.state(spentSoFar).update(spent)
  context.collect({ campaign, auction, price, spent })
  const crosses = (limit: number): boolean => former < limit && spent >= limit
  if (crosses(WARNING_CENTS)) {
    context.output(budgetAlerts, { campaign, kind: 'nearly-spent', auction })
  }
  if (crosses(BUDGET_CENTS)) context.output(budgetAlerts, { campaign, kind: 'spent', auction })
}

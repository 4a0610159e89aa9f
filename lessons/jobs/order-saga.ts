/**
 * The saga of an order over three services that only tell what they did: it is to be paid, and then shipped, each within
 * a time. What was not paid is canceled, what was not shipped is reported, money that came too late or for nothing is
 * given back, and goods that nobody paid for are called back.
 */
import { defineJob, jsonOf, kafkaSink, outputTag } from 'weirstream'
import { readEvents } from './shared/events.ts'
import type { TimedEvent } from './shared/events.ts'
import { followUp } from './shared/follow-up.ts'

const PAY_MS = 10 * 60_000
const SHIP_MS = 30 * 60_000

interface Order extends TimedEvent {
  readonly order: string
  readonly cents: number
}

type Payment = Order

interface Shipment extends TimedEvent {
  readonly order: string
}

interface OrderOutcome {
  readonly order: string
  readonly outcome: 'completed' | 'canceled' | 'not-shipped' | 'refunded' | 'called-back'
  /** When that was certain, in event time. */
  readonly time: number
}

const unpaid = outputTag<OrderOutcome>('unpaid')

export default defineJob('Order Saga', { checkpointing: { intervalMs: 1000 } }, (env) => {
  const options = { groupId: 'order-saga', outOfOrdernessMs: 20_000 }
  const orders = readEvents<Order>(env, { topic: 'orders', ...options })
  const payments = readEvents<Payment>(env, { topic: 'payments', ...options })
  const shipments = readEvents<Shipment>(env, { topic: 'shipments', ...options })

  const paid = orders
    .keyBy(({ order }) => order)
    .connect(payments.keyBy(({ order }) => order))
    .process(
      followUp<Order, Payment, string, Payment>({
        withinMs: PAY_MS,
        met: (_order, payment) => payment,
        missed: ({ order, time }, context) => {
          context.output(unpaid, { order, outcome: 'canceled', time: time + PAY_MS })
        },
        unexpected: ({ order, time }, context) => {
          context.output(unpaid, { order, outcome: 'refunded', time })
        },
      }),
      { uid: 'payment', name: 'payment' },
    )

  const shipped = paid
    .keyBy(({ order }) => order)
    .connect(shipments.keyBy(({ order }) => order))
    .process(
      followUp<Payment, Shipment, string, OrderOutcome>({
        withinMs: SHIP_MS,
        met: (_payment, { order, time }) => ({ order, outcome: 'completed', time }),
        missed: ({ order, time }, context) => {
          context.collect({ order, outcome: 'not-shipped', time: time + SHIP_MS })
        },
        unexpected: ({ order, time }, context) => {
          context.collect({ order, outcome: 'called-back', time })
        },
      }),
      { uid: 'shipment', name: 'shipment' },
    )

  shipped.union(paid.sideOutput(unpaid)).sinkTo(
    kafkaSink({
      topic: 'order-outcomes',
      value: jsonOf<OrderOutcome>(),
      key: ({ order }) => order,
      delivery: 'exactly-once',
    }),
    { uid: 'outcomes-sink', name: 'outcomes-sink' },
  )
})

/**
 * Orders, payments and shipments of a shop, each service with a topic of its own, so that a payment may well come before
 * its order. Planted: payments and shipments to the millisecond of their time limits, payments that are delivered twice,
 * payments and shipments of orders that nobody made, and goods that were shipped without being paid for.
 */
import { Randomness } from '../world/randomness.ts'
import { EventWorkload, FIRST_EVENT_MS } from './event-workload.ts'
import type { WorkloadRecord } from './event-workload.ts'
import { parametersOf } from './parameters.ts'
import type { Parameters } from './parameters.ts'

export const ORDER_TOPICS = ['orders', 'payments', 'shipments'] as const

const DEFAULTS = { orders: 600 } as const
const SECOND_MS = 1000
const MINUTE_MS = 60 * SECOND_MS
/** An order is to be paid within so long, and shipped so long after it was paid. */
const PAY_MS = 10 * MINUTE_MS
const SHIP_MS = 30 * MINUTE_MS

/** What becomes of an order; times in ms after it was made, null: never. */
interface Course {
  readonly order: string
  readonly orderedAt: number | null
  readonly paidAt: number | null
  readonly shippedAt: number | null
  /** The payment service tells of a payment once more. */
  readonly isPaymentRepeated?: boolean
}

/** Parameters: `orders` (without those that are planted). */
export function orderEvents(params: Parameters, seed: number): WorkloadRecord[] {
  const { orders } = parametersOf('order-events', DEFAULTS, params)
  const random = new Randomness(seed)
  const workload = new EventWorkload(random, {
    topics: ORDER_TOPICS,
    outOfOrdernessMs: 20 * SECOND_MS,
    heartbeatMs: MINUTE_MS,
    lingerMs: PAY_MS + SHIP_MS,
  })
  for (const course of [...usualOrders(orders, random), ...plantedOrders()]) {
    const { order, orderedAt, paidAt, shippedAt, isPaymentRepeated = false } = course
    const cents = 500 + random.draw('cents', 20_000)
    if (orderedAt !== null) workload.add('orders', order, { order, cents, time: orderedAt })
    for (let copy = 0; paidAt !== null && copy < (isPaymentRepeated ? 2 : 1); copy++) {
      workload.add('payments', order, { order, cents, time: paidAt })
    }
    if (shippedAt !== null) workload.add('shipments', order, { order, time: shippedAt })
  }
  return workload.finish()
}

function usualOrders(orders: number, random: Randomness): Course[] {
  return Array.from({ length: orders }, (_, i) => {
    const orderedAt = FIRST_EVENT_MS + random.draw('order', 60 * MINUTE_MS)
    const paid = orderedAt + payment(random)
    const isPaid = random.draw('paid', 100) < 92
    const isShipped = isPaid && random.draw('shipped', 100) < 93
    const isLate = random.draw('slow', 100) < 6
    const shipping = isLate
      ? SHIP_MS + 1 + random.draw('late', 10 * MINUTE_MS)
      : MINUTE_MS + random.draw('ship', SHIP_MS - MINUTE_MS)
    return {
      order: `order-${i + 1}`,
      orderedAt,
      paidAt: isPaid ? paid : null,
      shippedAt: isShipped ? paid + shipping : null,
    }
  })
}

/** Time from order to payment: at once, some minutes, or too late. */
function payment(random: Randomness): number {
  const kind = random.draw('payment', 100)
  if (kind < 15) return 200 + random.draw('at-once', SECOND_MS)
  if (kind < 94) return 10 * SECOND_MS + random.draw('pay', PAY_MS - 10 * SECOND_MS)
  return PAY_MS + 1 + random.draw('overdue', 5 * MINUTE_MS)
}

function plantedOrders(): Course[] {
  const at = FIRST_EVENT_MS + 20 * MINUTE_MS
  const course = (
    order: string,
    payMs: number | null,
    shipMs: number | null,
    more: Partial<Course> = {},
  ): Course => ({
    order,
    orderedAt: at,
    paidAt: payMs === null ? null : at + payMs,
    shippedAt: shipMs === null ? null : at + shipMs,
    ...more,
  })
  const none = { orderedAt: null }
  return [
    course('quick', 1, 2),
    course('paid-just-in-time', PAY_MS, PAY_MS + MINUTE_MS),
    course('paid-just-too-late', PAY_MS + 1, null),
    course('paid-too-late-and-shipped', PAY_MS + 1, PAY_MS + MINUTE_MS),
    course('never-paid', null, null),
    course('shipped-just-in-time', MINUTE_MS, MINUTE_MS + SHIP_MS),
    course('shipped-just-too-late', MINUTE_MS, MINUTE_MS + SHIP_MS + 1),
    course('never-shipped', MINUTE_MS, null),
    course('shipped-without-payment', null, 5 * MINUTE_MS),
    course('paid-twice', MINUTE_MS, 10 * MINUTE_MS, { isPaymentRepeated: true }),
    course('paid-twice-at-once', 1, 10 * MINUTE_MS, { isPaymentRepeated: true }),
    course('payment-without-order', MINUTE_MS, null, none),
    course('shipment-without-order', null, 5 * MINUTE_MS, none),
  ]
}

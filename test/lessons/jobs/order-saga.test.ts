/** The order saga, against the three lists of what happened, looked up order by order. */
import { expect, test } from 'vitest'
import { orderEvents } from '../../../sim/workload/order-events.ts'
import { expectSame, testUnderPlans } from './running.ts'

const PAY_MS = 600_000
const SHIP_MS = 1_800_000

interface Event {
  readonly order: string
  readonly time: number
}

interface Outcome {
  readonly order: string
  readonly outcome: string
  readonly time: number
}

type Read = (topic: string) => Event[]

function outcomesOf(read: Read): Outcome[] {
  const times = (topic: string): Map<string, number> =>
    new Map(read(topic).map(({ order, time }) => [order, time]))
  const [orders, payments, shipments] = [times('orders'), times('payments'), times('shipments')]
  const outcomes: Outcome[] = []
  for (const order of new Set([...orders.keys(), ...payments.keys(), ...shipments.keys()])) {
    const add = (outcome: string, time: number): number => outcomes.push({ order, outcome, time })
    const [made, paid, shipped] = [orders.get(order), payments.get(order), shipments.get(order)]
    const isPaid = made !== undefined && paid !== undefined && paid <= made + PAY_MS
    if (made !== undefined && !isPaid) add('canceled', made + PAY_MS)
    if (paid !== undefined && !isPaid) add('refunded', paid)
    const isShipped = isPaid && shipped !== undefined && shipped <= paid + SHIP_MS
    if (isShipped) add('completed', shipped)
    if (isPaid && !isShipped) add('not-shipped', paid + SHIP_MS)
    if (shipped !== undefined && !isShipped) add('called-back', shipped)
  }
  return outcomes
}

testUnderPlans('order-saga', ({ fed, committed }) => {
  expectSame(committed('order-outcomes'), outcomesOf(fed<Event>))
})

test('the generated orders hold every course that an order can take', () => {
  const records = orderEvents({}, 11)
  const outcomes = outcomesOf((topic) =>
    records.flatMap((record) =>
      record.topic === topic && record.key !== null ? [JSON.parse(record.value)] : [],
    ),
  )
  const of = (order: string): string =>
    outcomes
      .filter((outcome) => outcome.order === order)
      .map(({ outcome }) => outcome)
      .join(' ')
  expect({
    'paid-just-in-time': of('paid-just-in-time'),
    'paid-just-too-late': of('paid-just-too-late'),
    'paid-too-late-and-shipped': of('paid-too-late-and-shipped'),
    'never-paid': of('never-paid'),
    'shipped-just-in-time': of('shipped-just-in-time'),
    'shipped-just-too-late': of('shipped-just-too-late'),
    'never-shipped': of('never-shipped'),
    'shipped-without-payment': of('shipped-without-payment'),
    'paid-twice': of('paid-twice'),
    'paid-twice-at-once': of('paid-twice-at-once'),
    'payment-without-order': of('payment-without-order'),
    'shipment-without-order': of('shipment-without-order'),
  }).toEqual({
    'paid-just-in-time': 'completed',
    'paid-just-too-late': 'canceled refunded',
    'paid-too-late-and-shipped': 'canceled refunded called-back',
    'never-paid': 'canceled',
    'shipped-just-in-time': 'completed',
    'shipped-just-too-late': 'not-shipped called-back',
    'never-shipped': 'not-shipped',
    'shipped-without-payment': 'canceled called-back',
    'paid-twice': 'completed',
    'paid-twice-at-once': 'completed',
    'payment-without-order': 'refunded',
    'shipment-without-order': 'called-back',
  })
  const usual = outcomes.filter(({ order }) => order.startsWith('order-'))
  for (const outcome of ['canceled', 'refunded', 'completed', 'not-shipped', 'called-back']) {
    expect(usual.filter((one) => one.outcome === outcome).length, outcome).toBeGreaterThan(5)
  }
})

test('in the generated orders some payments come before their order', () => {
  const seen = new Set<string>()
  let early = 0
  for (const { topic, key } of orderEvents({}, 11)) {
    if (key === null) continue
    if (topic === 'orders') seen.add(key)
    if (topic === 'payments' && !seen.has(key)) early += 1
  }
  expect(early).toBeGreaterThan(20)
})

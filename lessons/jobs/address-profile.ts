/**
 * A profile per client address, from the same records as the traffic job: number of visits and largest response, kept in
 * two values of keyed state, and the largest response again as a reduction. Its sinks are keyed, so that one transaction
 * spans several partitions.
 */
import { defineJob, kafkaSink, kafkaSource, text, valueState } from 'weirstream'

interface Visit {
  readonly ip: string
  readonly bytes: number
}

const visits = valueState<number>('visits')
const largest = valueState<{ readonly bytes: number }>('largest')

export default defineJob('Address Profile', { checkpointing: { intervalMs: 1000 } }, (env) => {
  const responses = env
    .fromSource(
      kafkaSource({ topics: ['traffic-events'], groupId: 'address-profile', value: text }),
    )
    .flatMap(({ value }) => parseVisit(value), { name: 'parse' })
    .filter(({ bytes }) => bytes > 0, { name: 'with-body' })

  responses
    .keyBy(({ ip }) => ip)
    .process<string>(
      ({ ip, bytes }, context) => {
        const count = context.state(visits)
        const most = context.state(largest)
        count.update((count.value() ?? 0) + 1)
        if (bytes > (most.value()?.bytes ?? 0)) most.update({ bytes })
        context.collect(`${ip},${count.value() ?? 0},${most.value()?.bytes ?? 0}`)
      },
      { name: 'profile' },
    )
    .sinkTo(
      kafkaSink({ topic: 'profiles', value: text, key: addressOf, delivery: 'exactly-once' }),
      { name: 'profile-sink' },
    )

  responses
    .keyBy(({ ip }) => ip)
    .reduce((left, right) => (left.bytes >= right.bytes ? left : right), { name: 'largest' })
    .map(({ ip, bytes }) => `${ip},${bytes}`, { name: 'format' })
    .sinkTo(
      kafkaSink({ topic: 'largest', value: text, key: addressOf, delivery: 'exactly-once' }),
      { name: 'largest-sink' },
    )
})

/** The visit that a line speaks of, or none. */
function parseVisit(line: string): Visit[] {
  const match = /^([^,]+),(\d{1,15})$/.exec(line)
  const [, ip, bytes] = match ?? []
  return ip === undefined || bytes === undefined ? [] : [{ ip, bytes: Number(bytes) }]
}

/** A line begins with its address. */
function addressOf(line: string): string {
  return line.slice(0, line.indexOf(','))
}

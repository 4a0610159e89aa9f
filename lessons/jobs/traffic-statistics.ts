/**
 * The main job: bytes per client address. Reads "ip,bytes" records, keeps a running sum per address with a checkpoint
 * every second, and writes every new sum exactly once. What is not such a record goes to a topic of its own, with the
 * place where it stood.
 */
import { defineJob, kafkaSink, kafkaSource, outputTag, text } from 'weirstream'
import type { KafkaRecord, ProcessContext } from 'weirstream'

interface TrafficEvent {
  readonly ip: string
  readonly bytes: number
}

const malformed = outputTag<string>('malformed')

export default defineJob('Traffic Statistics', { checkpointing: { intervalMs: 1000 } }, (env) => {
  const events = env
    .fromSource(
      kafkaSource({ topics: ['traffic-events'], groupId: 'traffic-statistics', value: text }),
    )
    .process(parseTrafficEvent, { name: 'parse' })

  events
    .keyBy((event) => event.ip)
    .sum('bytes')
    .map((event) => `${event.ip},${event.bytes}`, { name: 'format' })
    .sinkTo(kafkaSink({ topic: 'traffic-statistics', value: text, delivery: 'exactly-once' }))

  events
    .sideOutput(malformed)
    .sinkTo(kafkaSink({ topic: 'traffic-malformed', value: text, delivery: 'exactly-once' }), {
      name: 'malformed-sink',
    })
})

/** `ip,bytes`, bytes in at most 15 digits; anything else goes to the side output. */
function parseTrafficEvent(
  { value, partition, offset }: KafkaRecord<string>,
  context: ProcessContext<TrafficEvent>,
): void {
  const comma = value.indexOf(',')
  const bytes = value.slice(comma + 1)
  if (comma > 0 && /^\d{1,15}$/.test(bytes)) {
    context.collect({ ip: value.slice(0, comma), bytes: Number(bytes) })
  } else {
    context.output(malformed, `${partition}@${offset}: ${value}`)
  }
}

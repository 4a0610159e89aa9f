/**
 * Reading a topic of events that say themselves when they happened. A heartbeat has a time and nothing else: it moves
 * event time on in a partition where nothing happens, and ends here.
 */
import { forBoundedOutOfOrderness, jsonOf, kafkaSource } from 'weirstream'
import type { DataStream, KafkaRecord, StreamEnvironment } from 'weirstream'

export interface TimedEvent {
  /** Event time in ms. */
  readonly time: number
  readonly heartbeat?: boolean
}

export interface EventOptions {
  readonly topic: string
  readonly groupId: string
  /** An event may come so much later than one that happened after it. */
  readonly outOfOrdernessMs: number
}

/** The events of a topic, as JSON, with their own time as timestamp. */
export function readEvents<E extends TimedEvent>(
  env: StreamEnvironment,
  { topic, groupId, outOfOrdernessMs }: EventOptions,
): DataStream<E> {
  return env
    .fromSource(kafkaSource({ topics: [topic], groupId, value: jsonOf<E>() }), {
      uid: topic,
      name: topic,
      watermarks: forBoundedOutOfOrderness<KafkaRecord<E>>(outOfOrdernessMs, {
        timestampAssigner: ({ value }) => value.time,
      }),
    })
    .map(({ value }) => value, { uid: `${topic}-values`, name: 'value' })
    .filter(({ heartbeat }) => heartbeat !== true, { uid: `${topic}-events`, name: 'events' })
}

/** The factories that a job uses to name its sources. */
import { ConfigurationError } from '../errors.ts'
import type { KafkaRecord, KafkaSourceOptions, Source } from './source-spec.ts'

/**
 * Reads Kafka topics: one split per partition, positions in the checkpoint.
 * Source: Flink KafkaSource (FLIP-27). Throws ConfigurationError without a topic.
 */
export function kafkaSource<V>(options: KafkaSourceOptions<V>): Source<KafkaRecord<V>> {
  if (options.topics.length === 0) {
    throw new ConfigurationError(
      'no-topics',
      'kafkaSource got an empty list of topics; name at least one, as in topics: ["traffic-events"].',
    )
  }
  return {
    spec: {
      type: 'kafka',
      topics: options.topics,
      groupId: options.groupId,
      value: options.value,
      startingOffsets: options.startingOffsets ?? 'earliest',
      isolationLevel: options.isolationLevel ?? 'read_committed',
    },
  }
}

/**
 * The lines of files, without their ends; a path that ends in .gz is unpacked. Bounded. Files are dealt out to the
 * subtasks; their lines come in order. Source: Flink FileSource. Throws ConfigurationError without a path.
 */
export function fileSource(...paths: readonly string[]): Source<string> {
  if (paths.length === 0) {
    throw new ConfigurationError(
      'no-files',
      'fileSource got no path; name at least one, as in fileSource("access.log.gz").',
    )
  }
  return { spec: { type: 'file', paths } }
}

/** Makes `count` records with `generate(index)`, as fast as they are taken; bounded. For tests and measuring. */
export function generatorSource<T>(count: number, generate: (index: number) => T): Source<T> {
  return { spec: { type: 'generator', count, generate } }
}

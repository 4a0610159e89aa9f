/** The factories that a job uses to name its sources. */
import { ConfigurationError, inRange } from '../errors.ts'
import type { CustomSource } from './custom-source.ts'
import { checkStartingOffsets, checkStoppingOffsets } from './kafka-offsets.ts'
import { isBounded } from './source-spec.ts'
import type {
  CollectionSourceOptions,
  GeneratorSourceOptions,
  HybridSourceOptions,
  KafkaRecord,
  KafkaSourceOptions,
  KafkaSourceSpec,
  PlainSourceSpec,
  Source,
  ValueOf,
} from './source-spec.ts'

const DISCOVERY_INTERVAL_MS = 300_000

/**
 * Reads Kafka topics: one split per partition, positions in the checkpoint.
 * Source: Flink KafkaSource (FLIP-27). Throws ConfigurationError without a topic or for a malformed option.
 */
export function kafkaSource<V>(options: KafkaSourceOptions<V>): Source<KafkaRecord<V>> {
  const { groupId, value, startingOffsets, stoppingOffsets, isolationLevel } = options
  return {
    spec: {
      type: 'kafka',
      ...subscription(options),
      groupId,
      value,
      startingOffsets: checkStartingOffsets(startingOffsets ?? 'earliest'),
      stoppingOffsets: stoppingOffsets === undefined ? null : checkStoppingOffsets(stoppingOffsets),
      partitionDiscoveryIntervalMs: discoveryInterval(options),
      isolationLevel: isolationLevel ?? 'read_committed',
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

/**
 * Makes records with `generate(index)`. `generatorSource(count, generate)` makes `count` of them, as fast as they are
 * taken; options can bound the rate and leave out the end. Source: Flink DataGeneratorSource. Throws ConfigurationError
 * for a count or rate out of range.
 */
export function generatorSource<T>(count: number, generate: (index: number) => T): Source<T>
export function generatorSource<T>(options: GeneratorSourceOptions<T>): Source<T>
export function generatorSource<T>(
  given: number | GeneratorSourceOptions<T>,
  generate?: (index: number) => T,
): Source<T> {
  const options = typeof given === 'number' ? { count: given, generate } : given
  const { count, ratePerSecond } = { ratePerSecond: undefined, ...options }
  if (typeof options.generate !== 'function') {
    throw new ConfigurationError(
      'no-generate',
      'generatorSource got no function generate; give it one, as in generatorSource(100, (index) => index).',
    )
  }
  const most = Number.MAX_SAFE_INTEGER
  return {
    spec: {
      type: 'generator',
      count: count === undefined ? Number.POSITIVE_INFINITY : inRange('count', count, 0, most),
      ratePerSecond: ratePerSecond === undefined ? null : checkRate(ratePerSecond),
      generate: options.generate,
    },
  }
}

/** The values, bounded. Subtask i takes every n-th of n subtasks. Source: Flink fromCollection. */
export function collectionSource<T>(
  values: readonly T[],
  { timestamps }: CollectionSourceOptions<T> = {},
): Source<T> {
  const spec: PlainSourceSpec = {
    type: 'collection',
    values,
    // The values are those of this source.
    timestamps: timestamps === undefined ? null : (value) => timestamps(value as T),
  }
  return { spec }
}

/** A source of one's own; see CustomSource. Throws ConfigurationError without a name or a reader. */
export function customSource<T>(source: CustomSource<T>): Source<T> {
  if (source.name === '' || typeof source.createReader !== 'function') {
    throw new ConfigurationError(
      'bad-custom-source',
      'customSource needs a name and a function createReader(context, restored).',
    )
  }
  return { spec: { type: 'custom', source } }
}

/**
 * One source after the other: when every subtask has read one to its end, the next begins. So yesterday's file can be
 * followed by Kafka. Event time goes on over the switch. Source: Flink HybridSource. Throws ConfigurationError with fewer
 * than two sources, one that is hybrid itself, or one in front that has no end.
 */
export function hybridSource<const S extends readonly Source<unknown>[]>({
  sources,
  switchAt,
}: HybridSourceOptions<S>): Source<ValueOf<S[number]>> {
  if (sources.length < 2) {
    throw new ConfigurationError(
      'too-few-sources',
      `hybridSource got ${sources.length} sources; it needs at least two, to read one after the other.`,
    )
  }
  const plain = sources.map(({ spec }, index): PlainSourceSpec => {
    if (spec.type === 'hybrid') {
      throw new ConfigurationError(
        'nested-hybrid-source',
        `Source ${index} of a hybridSource is one itself; name its sources one after the other instead.`,
      )
    }
    if (index < sources.length - 1 && !isBounded(spec)) {
      throw new ConfigurationError(
        'unbounded-hybrid-source',
        `Source ${index} of a hybridSource has no end, so what follows would never be read; only the last may be unbounded.`,
      )
    }
    return spec
  })
  return { spec: { type: 'hybrid', sources: plain, switchAt: switchAt ?? null } }
}

function checkRate(ratePerSecond: number): number {
  if (ratePerSecond > 0 && Number.isFinite(ratePerSecond)) return ratePerSecond
  throw new ConfigurationError(
    'option-out-of-range',
    `The option ratePerSecond is ${String(ratePerSecond)}; it must be a number above 0.`,
  )
}

function subscription({
  topics,
  topicPattern,
}: Pick<KafkaSourceOptions<unknown>, 'topics' | 'topicPattern'>): Pick<
  KafkaSourceSpec,
  'topics' | 'topicPattern'
> {
  if (topics !== undefined && topicPattern !== undefined) {
    throw new ConfigurationError(
      'topics-and-pattern',
      'kafkaSource got both topics and topicPattern; give it one of them.',
    )
  }
  if (topicPattern !== undefined) return { topics: [], topicPattern }
  if (topics === undefined || topics.length === 0) {
    throw new ConfigurationError(
      'no-topics',
      'kafkaSource got an empty list of topics; name at least one, as in topics: ["traffic-events"].',
    )
  }
  return { topics, topicPattern: null }
}

function discoveryInterval({
  stoppingOffsets,
  partitionDiscoveryIntervalMs: given = DISCOVERY_INTERVAL_MS,
}: Pick<KafkaSourceOptions<unknown>, 'stoppingOffsets' | 'partitionDiscoveryIntervalMs'>):
  number | null {
  if (given <= 0) return null
  const most = Number.MAX_SAFE_INTEGER
  const intervalMs = inRange('partitionDiscoveryIntervalMs', given, 1, most)
  return stoppingOffsets === undefined ? intervalMs : null
}

/** A Kafka source reader against the simulated cluster. */
import type { OperatorStateEntry } from '../../../engine/checkpoint/snapshot-handle.ts'
import { checkpointId } from '../../../engine/ids.ts'
import type { KafkaSplit } from '../../../engine/messages.ts'
import { text } from '../../../engine/serializer.ts'
import { decodeSplits, KafkaSourceReader } from '../../../engine/source/kafka-source-reader.ts'
import { SourceOutput } from '../../../engine/source/source-output.ts'
import type { KafkaRecord, KafkaSourceSpec } from '../../../engine/source/source-spec.ts'
import { kafkaSource } from '../../../engine/source/sources.ts'
import { ClusterBroker } from '../cluster-broker.ts'
import { FakeRuntime } from '../fake-runtime.ts'
import { operatorContext, type TestContext, valuesOf } from '../operator-context.ts'

export const TOPIC = 'in'

export class Reading {
  readonly runtime = new FakeRuntime()
  readonly broker = new ClusterBroker(this.runtime, { topics: [{ topic: TOPIC, partitions: 3 }] })

  /** A reader of these splits, as `0@5` (partition and offset): restored ones, or none. */
  start(splits = '', spec: Partial<KafkaSourceSpec> = {}): Reader {
    const reader = new Reader(this, spec)
    reader.open(splits)
    return reader
  }

  pass(ms = 20): void {
    this.runtime.advance(ms)
  }

  get committedOffsets(): string[] {
    return this.runtime
      .factsOf('group-offset-committed')
      .map(({ groupId, partition, offset }) => `${groupId} ${partition}@${offset}`)
  }
}

export class Reader {
  readonly context: TestContext
  readonly operator: KafkaSourceReader

  constructor(reading: Reading, spec: Partial<KafkaSourceSpec>) {
    const source = kafkaSource({ topics: [TOPIC], groupId: 'g', value: text })
    if (source.spec.type !== 'kafka') throw new Error('A Kafka source is one.')
    this.context = operatorContext({
      uid: 'source',
      name: 'source',
      runtime: reading.runtime,
      broker: reading.broker,
      provenance: { isOn: true, current: null },
    })
    this.operator = new KafkaSourceReader(
      { ...source.spec, ...spec },
      this.context,
      new SourceOutput(null, this.context),
    )
  }

  open(splits: string): void {
    this.operator.open(splits === '' ? [] : splitState(splits))
  }

  assign(splits: string): void {
    this.operator.handleEvent({ type: 'assign-splits', splits: parseSplits(splits) })
  }

  /** Polls until nothing comes; returns what came, as `0@5=value`. */
  poll(mayEmit: () => boolean = () => true): string[] {
    const before = valuesOf(this.context).length
    while (this.operator.poll(mayEmit) === 'emitted');
    return valuesOf(this.context)
      .slice(before)
      .map((record) => {
        const { partition, offset, value } = record as KafkaRecord<string>
        return `${partition}@${offset}=${value}`
      })
  }

  /** The positions that a snapshot holds, as `0@5`. */
  snapshot(checkpoint: number): string[] {
    const state = this.operator.snapshot({
      checkpoint: checkpointId(checkpoint),
      hold: () => () => undefined,
    })
    return decodeSplits(state()).map(({ partition, offset }) => `${partition}@${offset}`)
  }

  complete(checkpoint: number): void {
    this.operator.notifyComplete(checkpointId(checkpoint))
  }
}

/** `0@5`, or `0@5-9` with a stopping offset. */
export function parseSplits(splits: string): KafkaSplit[] {
  return splits.split(' ').map((split) => {
    const [partition, offset, stoppingOffset] = split.split(/[@-]/).map(Number)
    const start = { topic: TOPIC, partition: partition ?? 0, offset: offset ?? 0 }
    return stoppingOffset === undefined ? start : { ...start, stoppingOffset }
  })
}

/** The state that a reader of these splits would have stored. */
function splitState(splits: string): readonly OperatorStateEntry[] {
  const reader = new Reader(new Reading(), {})
  reader.assign(splits)
  return reader.operator.snapshot({ checkpoint: checkpointId(1), hold: () => () => undefined })()
}

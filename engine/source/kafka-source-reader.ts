/**
 * The Kafka source's reader: one fetcher per assigned split, positions in the snapshot. Offsets are committed to the
 * group after a checkpoint completed, for monitoring only; recovery uses the snapshot and nothing else (O1, O3).
 * Source: Flink KafkaSourceReader (flink-semantics.md 1.1).
 */
import type { OperatorStateEntry } from '../checkpoint/snapshot-handle.ts'
import { BUFFER_RECORDS_MAX } from '../element.ts'
import { UserFunctionError } from '../errors.ts'
import type { CheckpointId } from '../ids.ts'
import { KafkaClient } from '../kafka/kafka-client.ts'
import type { PartitionOffset } from '../kafka/protocol.ts'
import type { VisibleRecord } from '../kafka/read-committed-filter.ts'
import type { KafkaSplit, OperatorEvent } from '../messages.ts'
import type { OperatorContext, OperatorSnapshot, SnapshotContext } from '../operator/operator.ts'
import { binary } from '../serializer.ts'
import { KafkaSplitFetcher } from './kafka-split-fetcher.ts'
import type { SourceOutput, SplitOutput } from './source-output.ts'
import type { PollResult, SourceReader } from './source-reader.ts'
import type { KafkaRecord, KafkaSourceSpec } from './source-spec.ts'

/** Operator state of the source: one item per split. Read by the oracle and by `weir state` too. */
const SPLITS_STATE = 'splits'

interface ReadingSplit {
  readonly fetcher: KafkaSplitFetcher
  /** Null once it was read to its end. */
  output: SplitOutput | null
}

export class KafkaSourceReader implements SourceReader {
  readonly uid: string
  readonly #spec: KafkaSourceSpec
  readonly #context: OperatorContext
  readonly #output: SourceOutput
  /** Also those that were read to their end: a checkpoint says how far the whole input was read. */
  readonly #splits: ReadingSplit[] = []
  readonly #groupClient: KafkaClient
  /** Positions of checkpoints that are not completed yet. */
  readonly #positions = new Map<CheckpointId, readonly PartitionOffset[]>()
  #next = 0
  #hasAllSplits = false

  constructor(spec: KafkaSourceSpec, context: OperatorContext, output: SourceOutput) {
    this.uid = context.uid
    this.#spec = spec
    this.#context = context
    this.#output = output
    this.#groupClient = new KafkaClient(context.runtime, context.broker, `${context.subtask}-group`)
  }

  open(restored: readonly OperatorStateEntry[]): void {
    const splits = decodeSplits(restored)
    if (splits.length > 0 && this.#context.mutants.active('restart-from-group-offsets')) {
      this.#startAtGroupOffsets(splits)
      return
    }
    for (const split of splits) this.#restore(split)
  }

  handleEvent(event: OperatorEvent): void {
    if (event.type === 'no-more-splits') this.#hasAllSplits = true
    if (event.type !== 'assign-splits') return
    const { runtime, subtask } = this.#context
    for (const split of event.splits) {
      const { topic, partition, offset } = split
      runtime.trace({ type: 'split-assigned', subtask, topic, partition, offset })
      this.#startFetcher(split)
    }
  }

  poll(mayEmit: () => boolean): PollResult {
    const count = this.#splits.length
    let unfinished = 0
    for (let step = 0; step < count; step++) {
      const split = this.#splits[(this.#next + step) % count]
      if (split === undefined || split.output === null) continue
      unfinished += 1
      const emitted = this.#emitFrom(split.fetcher, split.output, mayEmit)
      if (split.fetcher.isFinished) this.#finish(split)
      if (emitted === 0) continue
      this.#next = (this.#next + step + 1) % count
      return 'emitted'
    }
    if (unfinished > 0 && this.#splits.some(({ output }) => output !== null)) return 'idle'
    return this.#hasAllSplits ? 'finished' : 'idle'
  }

  /** Where its splits end or stand. */
  get endOffsets(): readonly PartitionOffset[] {
    return this.#splits.map(({ fetcher: { split, position } }) => ({ ...split, offset: position }))
  }

  snapshot({ checkpoint }: SnapshotContext): OperatorSnapshot {
    const positions = this.#splits.map(({ fetcher }) => stateOf(fetcher))
    this.#positions.set(checkpoint, positions)
    if (this.#context.mutants.active('restart-from-group-offsets')) this.#commitToGroup(positions)
    const kept = this.#context.mutants.active('offset-of-last-read')
      ? positions.map((p) => ({ ...p, offset: Math.max(0, p.offset - 1) }))
      : positions
    const state = encodeSplits(kept)
    return () => [state]
  }

  notifyComplete(checkpoint: CheckpointId): void {
    const positions = this.#positions.get(checkpoint)
    for (const older of this.#positions.keys()) {
      if (older <= checkpoint) this.#positions.delete(older)
    }
    if (positions !== undefined && positions.length > 0) this.#commitToGroup(positions)
  }

  close(): void {
    for (const { fetcher } of this.#splits) fetcher.close()
    this.#groupClient.close()
  }

  #restore(split: KafkaSplit): void {
    const { topic, partition, offset } = split
    const { runtime, subtask } = this.#context
    runtime.trace({ type: 'split-restored', subtask, topic, partition, offset })
    this.#startFetcher(split)
  }

  #startFetcher(split: KafkaSplit): void {
    const fetcher = new KafkaSplitFetcher(split, this.#spec.isolationLevel, this.#context)
    const output = this.#output.addSplit(`${split.topic}/${split.partition}`)
    this.#splits.push({ fetcher, output })
    fetcher.start()
  }

  #finish(split: ReadingSplit): void {
    split.output?.release()
    split.output = null
    split.fetcher.close()
  }

  #emitFrom(fetcher: KafkaSplitFetcher, output: SplitOutput, mayEmit: () => boolean): number {
    let emitted = 0
    while (emitted < BUFFER_RECORDS_MAX && !output.isPaused && fetcher.hasNext && mayEmit()) {
      const taken = fetcher.take()
      if (taken === null) break
      this.#emit(fetcher, output, taken)
      emitted += 1
    }
    return emitted
  }

  #emit(
    { split: { topic, partition } }: KafkaSplitFetcher,
    output: SplitOutput,
    { offset, record }: VisibleRecord,
  ): void {
    const { provenance, name } = this.#context
    if (provenance.isOn) provenance.current = [{ topic, partition, offset }]
    let value: unknown
    try {
      value = this.#spec.value.decode(record.value ?? new Uint8Array(0))
    } catch (error) {
      throw new UserFunctionError(`${name} at ${topic}/${partition}@${offset}`, error)
    }
    const { key, timestamp, headers } = record
    const emitted: KafkaRecord<unknown> = {
      value,
      key,
      topic,
      partition,
      offset,
      timestamp,
      headers,
    }
    output.collector.emit(emitted, timestamp)
  }

  #commitToGroup(offsets: readonly PartitionOffset[]): void {
    const { groupId } = this.#spec
    this.#groupClient.toCoordinator(
      { keyType: 'group', key: groupId },
      () => ({ type: 'offset-commit' as const, groupId, offsets }),
      (outcome) => {
        // For monitoring only: a failed commit is not repeated, the next checkpoint commits newer offsets.
        if (outcome.type === 'timed-out') return 'done'
        for (const { topic, partition, offset } of offsets) {
          this.#context.runtime.trace({
            type: 'group-offset-committed',
            groupId,
            topic,
            partition,
            offset,
          })
        }
        return 'done'
      },
    )
  }

  /** Only for the mutant that trusts the group's offsets. */
  #startAtGroupOffsets(splits: readonly KafkaSplit[]): void {
    const { groupId } = this.#spec
    this.#groupClient.toCoordinator(
      { keyType: 'group', key: groupId },
      () => ({
        type: 'offset-fetch' as const,
        groupId,
        partitions: splits,
        requireStable: false,
      }),
      (outcome) => {
        if (outcome.type === 'timed-out') return 'rediscover'
        for (const { topic, partition, offset } of outcome.response.partitions) {
          this.#restore({ topic, partition, offset: Math.max(0, offset) })
        }
        return 'done'
      },
    )
  }
}

/** What a snapshot keeps of a split. */
function stateOf({ split, position, stoppingOffset }: KafkaSplitFetcher): KafkaSplit {
  const state = { ...split, offset: position }
  return stoppingOffset === Number.POSITIVE_INFINITY ? state : { ...state, stoppingOffset }
}

export function encodeSplits(splits: readonly KafkaSplit[]): OperatorStateEntry {
  const items = splits.map((split) => binary.encode(split))
  return { name: SPLITS_STATE, redistribution: 'split', items }
}

/** The splits in a source's operator state; of a hybrid source, those of all its Kafka sources. */
export function decodeSplits(entries: readonly OperatorStateEntry[]): KafkaSplit[] {
  return entries
    .filter(({ name }) => name === SPLITS_STATE || name.endsWith(`/${SPLITS_STATE}`))
    .flatMap(({ items }) => items)
    .map((item) => binary.decode(item) as KafkaSplit)
}

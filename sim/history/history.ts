/**
 * The history of a run: what was fed, what checkpoints contained, what was committed, what readers saw. The oracle is a
 * function of this and the trace; it never looks at the engine.
 */
import type { CheckpointId } from '../../engine/ids.ts'
import type { PartitionOffset } from '../../engine/kafka/protocol.ts'
import type { Origins } from '../../engine/element.ts'
import type { Delivery } from '../../engine/sink/sink-spec.ts'
import type { KafkaRecord } from '../../engine/source/source-spec.ts'
import type { CoordinationFinding } from './coordination-recorder.ts'
import type { DecodedEntry } from '../../engine/state/decode-key-group.ts'

/** One partition of an input topic with its records, in offset order. Offsets may have gaps. */
export interface FedPartition {
  readonly source: string
  readonly topic: string
  readonly partition: number
  readonly records: readonly KafkaRecord<unknown>[]
  readonly endOffset: number
}

/** One state of one operator at a checkpoint. */
export interface StateAtCheckpoint {
  readonly vertex: string
  readonly state: string
  readonly entries: readonly DecodedEntry[]
}

/** A record that was on its way to the vertex `consumer`. */
export interface OvertakenRecord {
  readonly consumer: string
  readonly origins: Origins
}

export interface CheckpointRecord {
  readonly checkpoint: CheckpointId
  /** Seq of its `checkpoint-completed`. */
  readonly seq: number
  readonly offsets: readonly (PartitionOffset & { readonly source: string })[]
  /** Keyed state. */
  readonly states: readonly StateAtCheckpoint[]
  /** Of functions: items of lists and of broadcast states, as bytes. The key of an entry is null. */
  readonly operatorStates: readonly StateAtCheckpoint[]
  /** Records that wait for the answer of a service. */
  readonly inFlight: number
  /** Records that barriers overtook. */
  readonly channels: readonly OvertakenRecord[]
  /** What could not be read of it; empty when everything could (S5). */
  readonly problems: readonly string[]
}

/** A committed output record. */
export interface OutputRecord {
  readonly offset: number
  readonly key: Uint8Array | null
  /** As the sink wrote it; compared byte by byte. */
  readonly value: Uint8Array
  /** Null: the header is missing or unreadable. Empty: it stands for no record, but for a timer. */
  readonly origins: Origins | null
}

export interface OutputPartition {
  /** Uids of the sinks that write to the topic. */
  readonly sinks: readonly string[]
  /** What the weakest of them promises. */
  readonly delivery: Delivery
  readonly topic: string
  readonly partition: number
  readonly committed: readonly OutputRecord[]
  /** What a read_committed reader saw while the job ran, in order. */
  readonly observed: readonly { readonly offset: number; readonly value: Uint8Array }[]
  readonly lastStableOffset: number
  readonly highWatermark: number
}

/** One transactional batch or marker of an output log: what X1 and X6 look at. */
export interface LogEntry {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly producerId: number
  readonly producerEpoch: number
  readonly kind: 'data' | 'commit' | 'abort'
}

export interface History {
  readonly fed: readonly FedPartition[]
  readonly checkpoints: readonly CheckpointRecord[]
  /** Those that only stand by themselves: no restart begins with one. */
  readonly savepoints: readonly CheckpointRecord[]
  /** What was wrong with the objects of checkpoints, while they lay in the storage. */
  readonly coordination: readonly CoordinationFinding[]
  readonly outputs: readonly OutputPartition[]
  readonly log: readonly LogEntry[]
  /** Transactions that were open when the run ended. */
  readonly openTransactions: readonly string[]
  /** Why the run did not come to rest; null when it did. */
  readonly stuck: string | null
}

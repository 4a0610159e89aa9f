/**
 * The simulated Kafka cluster as the world sees it: requests in, replies out, and read-only ground truth for the
 * oracle and the visualizer. One broker so far.
 */
import { assert } from '../../engine/assert.ts'
import type {
  KafkaRequest,
  KafkaResponse,
  RecordData,
  StoredBatch,
  TopicPartition,
} from '../../engine/kafka/protocol.ts'
import type { Mutants } from '../../engine/mutants.ts'
import type { TransactionState } from '../../engine/trace.ts'
import type { ClusterOptions, ClusterWorld } from './cluster-options.ts'

/** One partition's log, live: it grows while it is looked at. */
export interface PartitionLogView {
  readonly batches: readonly StoredBatch[]
  readonly logStartOffset: number
  readonly logEndOffset: number
  readonly highWatermark: number
  readonly lastStableOffset: number
}

export interface LogRecord {
  readonly offset: number
  readonly record: RecordData
  /** -1 when no idempotent producer wrote it. */
  readonly producerId: number
  readonly producerEpoch: number
}

export interface OpenTransaction {
  readonly transactionalId: string
  readonly producerId: number
  readonly producerEpoch: number
  readonly state: TransactionState
  readonly partitions: readonly TopicPartition[]
}

export class SimulatedCluster {
  constructor(_options: ClusterOptions, _world: ClusterWorld, _mutants: Mutants) {}

  /** A request that arrived at the broker; `reply` is called at most once, at once or in a later event. */
  handle(_request: KafkaRequest, _reply: (response: KafkaResponse) => void): void {
    assert(false, 'Not written yet.')
  }

  /** The workload's writer: appends without network and idempotence; returns the base offset. */
  append(_topic: string, _partition: number, _records: readonly RecordData[]): number {
    assert(false, 'Not written yet.')
  }

  log(_topic: string, _partition: number): PartitionLogView {
    assert(false, 'Not written yet.')
  }

  /** Transactions that are neither finished nor empty: Ongoing, PrepareCommit, PrepareAbort. */
  openTransactions(): readonly OpenTransaction[] {
    assert(false, 'Not written yet.')
  }

  /**
   * Every record outside transactions or of a transaction with a COMMIT marker in this log, in log order, whatever
   * the high watermark and the last stable offset: computed from the markers alone.
   */
  readCommitted(_topic: string, _partition: number): readonly LogRecord[] {
    assert(false, 'Not written yet.')
  }

  /** Every data record of the log. */
  readUncommitted(_topic: string, _partition: number): readonly LogRecord[] {
    assert(false, 'Not written yet.')
  }
}

/**
 * Kafka's requests and replies as data: the vocabulary of BrokerPort. Field names follow Kafka's message schemas
 * (apache/kafka, clients/src/main/resources/common/message). No encoding here: a transport does that.
 * A broker never throws at a client; every failure is an error code in a reply.
 */

/** Kafka's error codes by name; `NONE` is success. */
export type KafkaError =
  | 'NONE'
  | 'OFFSET_OUT_OF_RANGE'
  | 'UNKNOWN_TOPIC_OR_PARTITION'
  | 'NOT_LEADER_OR_FOLLOWER'
  | 'REQUEST_TIMED_OUT'
  | 'NOT_ENOUGH_REPLICAS'
  | 'COORDINATOR_LOAD_IN_PROGRESS'
  | 'COORDINATOR_NOT_AVAILABLE'
  | 'NOT_COORDINATOR'
  | 'OUT_OF_ORDER_SEQUENCE_NUMBER'
  | 'INVALID_PRODUCER_EPOCH'
  | 'PRODUCER_FENCED'
  | 'INVALID_TXN_STATE'
  | 'INVALID_PRODUCER_ID_MAPPING'
  | 'INVALID_TRANSACTION_TIMEOUT'
  | 'CONCURRENT_TRANSACTIONS'
  | 'UNSTABLE_OFFSET_COMMIT'

export type IsolationLevel = 'read_uncommitted' | 'read_committed'

export interface KafkaHeader {
  readonly key: string
  readonly value: Uint8Array
}

/** One record as the log stores it. `timestamp` in ms since the epoch. */
export interface RecordData {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly timestamp: number
  readonly headers: readonly KafkaHeader[]
}

/** A batch as a producer sends it; a broker appends it whole or not at all (K-R1). */
export interface ProducedBatch {
  /** -1 without idempotence. */
  readonly producerId: number
  readonly producerEpoch: number
  /** Sequence of the first record in (producer, epoch, partition), modulo 2^31; -1 without idempotence. */
  readonly baseSequence: number
  readonly isTransactional: boolean
  readonly records: readonly RecordData[]
}

/** A batch as a log holds it. A control batch has exactly one record and stands for a COMMIT or ABORT marker. */
export interface StoredBatch extends ProducedBatch {
  readonly baseOffset: number
  readonly control: 'commit' | 'abort' | null
  /** Present once compaction took records away: see batch-offsets.ts. Offsets never change. */
  readonly compacted?: {
    /** Of the records that are left. */
    readonly offsets: readonly number[]
    /** Of the last record that the batch ever had. */
    readonly lastOffset: number
  }
}

export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

export interface PartitionOffset extends TopicPartition {
  /** Offset of the next record to read. */
  readonly offset: number
}

export interface AbortedTransaction {
  readonly producerId: number
  readonly firstOffset: number
}

export type KafkaRequest =
  /** Null asks for all topics. */
  | { readonly type: 'metadata'; readonly topics: readonly string[] | null }
  | {
      readonly type: 'find-coordinator'
      readonly keyType: 'group' | 'transaction'
      readonly key: string
    }
  | {
      readonly type: 'list-offsets'
      readonly isolationLevel: IsolationLevel
      /** `at` a time in ms: the first record with that timestamp or a later one; the offset is -1 when there is none. */
      readonly partitions: readonly (TopicPartition & {
        readonly at: 'earliest' | 'latest' | number
      })[]
    }
  | {
      readonly type: 'fetch'
      readonly isolationLevel: IsolationLevel
      /** The broker waits so long for at least one batch. */
      readonly maxWaitMs: number
      readonly maxBytes: number
      readonly partitions: readonly PartitionOffset[]
    }
  | {
      readonly type: 'produce'
      readonly transactionalId: string | null
      readonly partitions: readonly (TopicPartition & { readonly batch: ProducedBatch })[]
    }
  | {
      readonly type: 'init-producer-id'
      readonly transactionalId: string | null
      readonly transactionTimeoutMs: number
    }
  | {
      readonly type: 'add-partitions-to-txn'
      readonly transactionalId: string
      readonly producerId: number
      readonly producerEpoch: number
      readonly partitions: readonly TopicPartition[]
    }
  | {
      readonly type: 'add-offsets-to-txn'
      readonly transactionalId: string
      readonly producerId: number
      readonly producerEpoch: number
      readonly groupId: string
    }
  | {
      readonly type: 'txn-offset-commit'
      readonly transactionalId: string
      readonly groupId: string
      readonly producerId: number
      readonly producerEpoch: number
      readonly offsets: readonly PartitionOffset[]
    }
  | {
      readonly type: 'end-txn'
      readonly transactionalId: string
      readonly producerId: number
      readonly producerEpoch: number
      readonly result: 'commit' | 'abort'
    }
  | {
      readonly type: 'offset-commit'
      readonly groupId: string
      readonly offsets: readonly PartitionOffset[]
    }
  | {
      readonly type: 'offset-fetch'
      readonly groupId: string
      readonly partitions: readonly TopicPartition[]
      readonly requireStable: boolean
    }

export type RequestType = KafkaRequest['type']

export interface FetchedPartition extends TopicPartition {
  readonly error: KafkaError
  readonly highWatermark: number
  readonly lastStableOffset: number
  readonly logStartOffset: number
  /** In the order of the abort markers, not of the first offsets (K-R5). */
  readonly abortedTransactions: readonly AbortedTransaction[]
  /** May begin before the requested offset (K-R9); aborted and control batches are included. */
  readonly batches: readonly StoredBatch[]
}

type PartitionError = TopicPartition & { readonly error: KafkaError }

export type KafkaResponse =
  | {
      readonly type: 'metadata'
      readonly brokers: readonly number[]
      readonly topics: readonly {
        readonly topic: string
        readonly error: KafkaError
        readonly partitions: readonly { readonly partition: number; readonly leader: number }[]
      }[]
    }
  | { readonly type: 'find-coordinator'; readonly error: KafkaError; readonly broker: number }
  | {
      readonly type: 'list-offsets'
      readonly partitions: readonly (PartitionError & { readonly offset: number })[]
    }
  | { readonly type: 'fetch'; readonly partitions: readonly FetchedPartition[] }
  | {
      readonly type: 'produce'
      readonly partitions: readonly (PartitionError & { readonly baseOffset: number })[]
    }
  | {
      readonly type: 'init-producer-id'
      readonly error: KafkaError
      readonly producerId: number
      readonly producerEpoch: number
    }
  | { readonly type: 'add-partitions-to-txn'; readonly partitions: readonly PartitionError[] }
  | { readonly type: 'add-offsets-to-txn'; readonly error: KafkaError }
  | { readonly type: 'txn-offset-commit'; readonly partitions: readonly PartitionError[] }
  | { readonly type: 'end-txn'; readonly error: KafkaError }
  | { readonly type: 'offset-commit'; readonly partitions: readonly PartitionError[] }
  | {
      readonly type: 'offset-fetch'
      /** `offset` is -1 where the group has committed none. */
      readonly partitions: readonly (PartitionError & { readonly offset: number })[]
    }

/** The response type that answers a request type. */
export type ResponseTo<R extends KafkaRequest> = Extract<KafkaResponse, { type: R['type'] }>

/** The contract of a running source, the head of its chain (Flink SourceReader). */
import type { PartitionOffset } from '../kafka/protocol.ts'
import type { OperatorEvent } from '../messages.ts'
import type { Operator } from '../operator/operator.ts'

/** What a poll found: records, nothing for now (the reader wakes the subtask), or the end. */
export type PollResult = 'emitted' | 'idle' | 'finished'

export interface SourceReader extends Omit<Operator, 'process'> {
  /**
   * Emits at most one buffer's worth of records; stops early when `mayEmit` turns false. `mayEmit` is asked once in front
   * of every record and not otherwise: its true answers are counted as records.
   */
  poll(mayEmit: () => boolean): PollResult
  /** An event of the source's coordinator. */
  handleEvent?(event: OperatorEvent): void
  /** Says again what the coordinator has not acted on yet, in case it was lost. */
  repeatReports?(): void
  /** Where the splits of a Kafka source stand. Kept by a hybrid source when it goes on to the next. */
  readonly endOffsets?: readonly PartitionOffset[]
}

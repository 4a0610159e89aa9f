/**
 * What a log says, computed from its batches and markers alone: no high watermark, no last stable offset, no index
 * of aborted transactions, no fetch. Oracles and tests compare readers with it, so it shares no code with them.
 */
import { recordOffset } from '../../engine/kafka/batch-offsets.ts'
import type { RecordData, StoredBatch } from '../../engine/kafka/protocol.ts'

export interface LogRecord {
  readonly offset: number
  readonly record: RecordData
  /** -1 when no idempotent producer wrote it. */
  readonly producerId: number
  readonly producerEpoch: number
}

/** Records outside transactions and of transactions whose next marker in this log is COMMIT, in log order. */
export function committedRecords(batches: readonly StoredBatch[]): readonly LogRecord[] {
  // Backwards: the marker that decides a batch is the first one of its producer behind it.
  const isCommitted = new Map<number, boolean>()
  const visible: StoredBatch[] = []
  for (const batch of batches.toReversed()) {
    if (batch.control !== null) isCommitted.set(batch.producerId, batch.control === 'commit')
    else if (!batch.isTransactional || isCommitted.get(batch.producerId) === true)
      visible.push(batch)
  }
  return recordsOf(visible.toReversed())
}

/** Records outside transactions and of transactions that were not aborted so far: what a commit would make visible. */
export function unabortedRecords(batches: readonly StoredBatch[]): readonly LogRecord[] {
  const isAborted = new Map<number, boolean>()
  const left: StoredBatch[] = []
  for (const batch of batches.toReversed()) {
    if (batch.control !== null) isAborted.set(batch.producerId, batch.control === 'abort')
    else if (!batch.isTransactional || isAborted.get(batch.producerId) !== true) left.push(batch)
  }
  return recordsOf(left.toReversed())
}

/** Every data record, whatever became of its transaction. */
export function dataRecords(batches: readonly StoredBatch[]): readonly LogRecord[] {
  return recordsOf(batches.filter((batch) => batch.control === null))
}

function recordsOf(batches: readonly StoredBatch[]): readonly LogRecord[] {
  return batches.flatMap((batch) => {
    const { producerId, producerEpoch } = batch
    return batch.records.map((record, index) => {
      return { offset: recordOffset(batch, index), record, producerId, producerEpoch }
    })
  })
}

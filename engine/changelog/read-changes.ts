/**
 * Reads the changes that a checkpoint counts on: the committed ones between the offsets that it recorded, the last of each
 * row. Behind them it looks only for what says that the checkpoint is too old: then what it needs may have been compacted
 * away, and a restore would be wrong without anybody noticing. Must not know backends.
 * Source: Kafka Streams StoreChangelogReader (flink-semantics.md 2.3); KAFKA-10167, KAFKA-16017.
 */
import type { CheckpointId } from '../ids.ts'
import type { KafkaClient } from '../kafka/kafka-client.ts'
import type { RecordData } from '../kafka/protocol.ts'
import type { Mutants } from '../mutants.ts'
import type { Runtime } from '../runtime.ts'
import { CorruptStateError } from '../state/corrupt-state-error.ts'
import type { LogRange } from '../state/lsm/run-manifest.ts'
import type { SortedRun } from '../state/lsm/sorted-run.ts'
import { decodeLogRecord, type LogEntry } from './change-records.ts'
import { LoggedChanges } from './logged-changes.ts'
import { readPartition, type PartitionPart } from './read-partition.ts'

export interface ChangesRequest {
  readonly client: KafkaClient
  readonly runtime: Runtime
  readonly mutants: Mutants
  readonly range: LogRange
  readonly checkpoint: CheckpointId
  /** The changes as one run and the bytes that were read, or one sentence. */
  readonly onRead: (
    changes: { readonly run: SortedRun; readonly sizeBytes: number } | string,
  ) => void
}

export function readChanges(request: ChangesRequest): void {
  const { range, checkpoint, onRead } = request
  const { topic, partition } = range
  const changes = new LoggedChanges(range)
  read(
    request,
    partToRestore(request),
    (entry, record) => changes.take(entry, record),
    (problem) => {
      if (problem !== null) {
        onRead(
          `Checkpoint ${checkpoint} needs the changes in ${topic}/${partition} from offset ` +
            `${range.from} to ${range.to}, but ${problem}.`,
        )
        return
      }
      const part: PartitionPart = {
        topic,
        partition,
        from: range.to,
        to: 'visible',
        isolationLevel: 'read_committed',
      }
      let oldest = 0
      const look = (entry: LogEntry): void => {
        if (entry.type !== 'head' || entry.head.floor > range.epoch) return
        oldest = Math.max(oldest, entry.head.oldest)
      }
      read(request, part, look, (cannotLook) => {
        if (cannotLook !== null) {
          onRead(`What came behind checkpoint ${checkpoint} cannot be read: ${cannotLook}.`)
        } else if (oldest > checkpoint) {
          onRead(
            `Checkpoint ${checkpoint} can no longer be restored: in ${topic}/${partition} there is ` +
              `only what checkpoint ${oldest} and later ones need.`,
          )
        } else {
          onRead(changes.finish())
        }
      })
    },
  )
}

function partToRestore({ range, mutants }: ChangesRequest): PartitionPart {
  const { topic, partition, from, to } = range
  const isBeyond = mutants.active('changelog-restored-to-end')
  const isShort = mutants.active('changelog-stops-early')
  return {
    topic,
    partition,
    from,
    to: isBeyond || isShort ? 'visible' : to,
    isolationLevel: isBeyond ? 'read_uncommitted' : 'read_committed',
  }
}

function read(
  { client, runtime }: ChangesRequest,
  part: PartitionPart,
  onEntry: (entry: LogEntry, record: RecordData) => void,
  onEnd: (problem: string | null) => void,
): void {
  let corrupt: string | null = null
  readPartition({
    client,
    runtime,
    part,
    onRecord: (record) => {
      try {
        onEntry(decodeLogRecord(record), record)
      } catch (error) {
        if (!(error instanceof CorruptStateError)) throw error
        corrupt ??= error.message
      }
    },
    onEnd: (problem) => {
      onEnd(corrupt ?? problem)
    },
  })
}

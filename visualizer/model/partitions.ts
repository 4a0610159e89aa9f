/**
 * Partition logs and the positions on them: what the broker holds, how far it is stable, what the reader has
 * handed on, what the last completed checkpoint and the consumer group remember. The reader's position is taken
 * from the origins of the records it sends: fetched is not yet read.
 */
import type { SubtaskId } from '../../engine/ids.ts'
import type { Reducer } from './reducer.ts'
import { update } from './reducer.ts'
import type { Draft, LogEntry, PartitionState } from './run-state.ts'
import { emptyPartition, partitionKey } from './run-state.ts'

export const batchAppended: Reducer<'batch-appended'> = (draft, event) => {
  const { baseOffset, count, producerId, isTransactional } = event
  const epoch = findWriterEpoch(draft, producerId)
  append(draft, event, { kind: 'batch', baseOffset, count, producerId, isTransactional, epoch })
}

export const markerAppended: Reducer<'marker-appended'> = (draft, event) => {
  const { offset, producerId, result } = event
  append(draft, event, { kind: 'marker', baseOffset: offset, count: 1, producerId, result })
}

export const duplicateRecognized: Reducer<'duplicate-recognized'> = (draft, event) =>
  patchPartition(draft, event, (entry) => ({
    ...entry,
    duplicatesRecognized: entry.duplicatesRecognized + 1,
  }))

export const splitAssigned: Reducer<'split-assigned'> = (draft, event) => seek(draft, event)
export const splitRestored: Reducer<'split-restored'> = (draft, event) => seek(draft, event)

export const splitCaughtUp: Reducer<'split-caught-up'> = (draft, event) =>
  patchPartition(draft, event, (entry) => ({
    ...atLeastAt(entry, event.offset),
    isCaughtUp: true,
    lag: 0,
  }))

/**
 * What a completed checkpoint holds. It is more exact than what the sent records tell: a reader hands on no trace of a
 * record that its own chain drops.
 */
export const groupOffsetCommitted: Reducer<'group-offset-committed'> = (draft, event) =>
  patchPartition(draft, event, (entry) => ({
    ...atLeastAt(entry, event.offset),
    committedOffset: event.offset,
    checkpointedOffset: Math.max(entry.checkpointedOffset ?? 0, event.offset),
  }))

export const recordsFetched: Reducer<'records-fetched'> = (draft, event, wiring) => {
  const { subtask, offset, count, lag } = event
  const handsOn = (wiring.outputsOf.get(subtask)?.length ?? 0) > 0
  const fetchedTo = offset + count
  update(draft.subtasks, subtask, (entry) => ({ ...entry, fetched: entry.fetched + count }))
  patchPartition(draft, event, (entry) => ({
    ...(handsOn ? entry : moveTo(entry, fetchedTo)),
    fetchedTo,
    reader: subtask,
    lag,
  }))
}

/** Who has processed all that it fetched has read it, even what its own chain drops and never sends. */
export const positionsCaughtUp: Reducer<'records-processed'> = (draft, { subtask }) => {
  const reader = draft.subtasks.get(subtask)
  if (reader === undefined || reader.fetched === 0 || reader.processed !== reader.fetched) return
  for (const [key, entry] of draft.partitions)
    if (entry.reader === subtask) draft.partitions.set(key, atLeastAt(entry, entry.fetchedTo))
}

/** The records that a reader sends on have been read: its position is behind the furthest of them. */
export const positionsAdvanced: Reducer<'buffer-sent'> = (draft, event) => {
  const from = draft.channels.get(event.channel)?.from
  for (const origin of event.origins) {
    const key = partitionKey(origin.topic, origin.partition)
    const entry = draft.partitions.get(key)
    if (entry !== undefined && entry.reader === from && entry.position <= origin.offset)
      draft.partitions.set(key, moveTo(entry, origin.offset + 1))
  }
}

export const partitionsCut: Reducer<'barrier-injected'> = (draft, { subtask, checkpoint }) => {
  for (const [key, entry] of draft.partitions)
    if (entry.reader === subtask)
      draft.partitions.set(key, {
        ...entry,
        cuts: [...entry.cuts, { checkpoint, offset: entry.position }],
      })
}

export const cutsCompleted: Reducer<'checkpoint-completed'> = (draft, { checkpoint }) => {
  for (const [key, entry] of draft.partitions) {
    const cut = entry.cuts.findLast((candidate) => candidate.checkpoint === checkpoint)
    if (cut !== undefined) draft.partitions.set(key, { ...entry, checkpointedOffset: cut.offset })
  }
}

/** The job goes back: what was sent so far will be sent again, and later cuts never happened. */
export const partitionsRewound: Reducer<'restart-started'> = (draft, { checkpoint }) => {
  for (const [key, entry] of draft.partitions)
    if (entry.role === 'input')
      draft.partitions.set(key, {
        ...entry,
        replayUntil: entry.furthest,
        isCaughtUp: false,
        cuts: entry.cuts.filter((cut) => checkpoint !== null && cut.checkpoint <= checkpoint),
      })
}

interface Place {
  readonly topic: string
  readonly partition: number
}

function append(
  draft: Draft,
  event: Place & { readonly highWatermark: number; readonly lastStableOffset: number },
  logEntry: LogEntry,
): void {
  const key = partitionKey(event.topic, event.partition)
  const entry = draft.partitions.get(key) ?? emptyPartition(event.topic, event.partition, 'output')
  draft.partitions.set(key, {
    ...entry,
    log: entry.log.append(logEntry),
    logEndOffset: logEntry.baseOffset + logEntry.count,
    highWatermark: event.highWatermark,
    lastStableOffset: event.lastStableOffset,
  })
}

function seek(
  draft: Draft,
  event: Place & { readonly subtask: SubtaskId; readonly offset: number },
): void {
  patchPartition(draft, event, (entry) => ({
    ...entry,
    reader: event.subtask,
    position: event.offset,
    fetchedTo: event.offset,
    furthest: Math.max(entry.furthest, event.offset),
    isCaughtUp: false,
  }))
}

function atLeastAt(entry: PartitionState, position: number): PartitionState {
  return moveTo(entry, Math.max(entry.position, position))
}

function moveTo(entry: PartitionState, position: number): PartitionState {
  return { ...entry, position, furthest: Math.max(entry.furthest, position) }
}

function patchPartition(
  draft: Draft,
  { topic, partition }: Place,
  change: (entry: PartitionState) => PartitionState,
): void {
  update(draft.partitions, partitionKey(topic, partition), change)
}

function findWriterEpoch(draft: Draft, producerId: number): number | null {
  if (producerId < 0) return null
  for (const transaction of draft.transactions.values())
    if (transaction.producerId === producerId && transaction.subtask !== null)
      return draft.subtasks.get(transaction.subtask)?.epoch ?? null
  return null
}

/**
 * Channels: what is in flight, which epoch the producer writes, what the consumer blocks. What a crash or a new
 * attempt takes away disappears here in one step: loss must look like loss.
 */
import type { ChannelId, SubtaskId } from '../../engine/ids.ts'
import type { EventOf, RecordOrigin } from '../../engine/trace.ts'
import type { Reducer, Wiring } from './reducer.ts'
import { patch, update } from './reducer.ts'
import type { ChannelState, Draft, InFlight } from './run-state.ts'
import { partitionKey } from './run-state.ts'

export const bufferSent: Reducer<'buffer-sent'> = (draft, event) => {
  const { channel, seq, at, element, attempt, count, origins } = event
  const replayed = countReplayed(draft, origins)
  update(draft.channels, channel, (entry): ChannelState => ({
    ...entry,
    inFlight: [
      ...entry.inFlight,
      { kind: 'buffer', seq, sentAt: at, element, attempt, count, replayed, epoch: entry.epoch },
    ],
  }))
}

export const bufferReceived: Reducer<'buffer-received'> = (draft, event) => {
  const arrived = findArrived(draft, event)
  update(draft.channels, event.channel, (entry) => ({
    ...withoutArrived(entry, arrived, event.at),
    queued: event.queued,
    delivered: entry.delivered + (arrived?.kind === 'buffer' ? arrived.count : 0),
  }))
}

export const barrierSent: Reducer<'barrier-sent'> = (draft, event) => {
  const { channel, checkpoint, seq, at } = event
  update(draft.channels, channel, (entry): ChannelState => ({
    ...entry,
    epoch: checkpoint,
    inFlight: [...entry.inFlight, { kind: 'barrier', seq, sentAt: at, checkpoint }],
  }))
}

export const barrierReceived: Reducer<'barrier-received'> = (draft, event) => {
  const arrived = findArrived(draft, event)
  update(draft.channels, event.channel, (entry) => withoutArrived(entry, arrived, event.at))
}

export const channelBlocked: Reducer<'channel-blocked'> = (draft, { channel, checkpoint }) =>
  patch(draft.channels, channel, { blockedBy: checkpoint })

export const channelUnblocked: Reducer<'channel-unblocked'> = (draft, { channel }) =>
  patch(draft.channels, channel, { blockedBy: null })

export const channelsCrashed: Reducer<'worker-crashed'> = (draft, { worker }, wiring) => {
  for (const subtask of draft.subtasks.values())
    if (subtask.worker === worker) emptyChannelsOf(draft, subtask.id, wiring)
}

/** A new attempt starts with empty channels and in epoch 0, until a restore says otherwise. */
export const channelsReset: Reducer<'subtask-status-changed'> = (draft, event, wiring) => {
  const { subtask, status } = event
  if (status === 'canceled' || status === 'failed') emptyChannelsOf(draft, subtask, wiring)
  if (status !== 'deploying') return
  emptyChannelsOf(draft, subtask, wiring)
  for (const id of wiring.outputsOf.get(subtask) ?? []) patch(draft.channels, id, { epoch: 0 })
}

export const channelsRestored: Reducer<'restore-started'> = (draft, event, wiring) => {
  for (const id of wiring.outputsOf.get(event.subtask) ?? [])
    patch(draft.channels, id, { epoch: event.checkpoint })
}

type Arrival = EventOf<'buffer-received'> | EventOf<'barrier-received'>

/** The element in flight that this event delivers. */
export function findArrived(draft: Draft, event: Arrival): InFlight | undefined {
  return draft.channels.get(event.channel)?.inFlight.find((item) => delivers(event, item))
}

function delivers(event: Arrival, item: InFlight): boolean {
  return event.type === 'barrier-received'
    ? item.kind === 'barrier' && item.checkpoint === event.checkpoint
    : item.kind === 'buffer' && item.element === event.element && item.attempt === event.attempt
}

function withoutArrived(
  entry: ChannelState,
  arrived: InFlight | undefined,
  at: number,
): ChannelState {
  if (arrived === undefined) return entry
  return {
    ...entry,
    inFlight: entry.inFlight.filter((item) => item !== arrived),
    lastLatencyMs: at - arrived.sentAt,
  }
}

function countReplayed(draft: Draft, origins: readonly RecordOrigin[]): number {
  return origins.reduce((sum, { topic, partition, offset }) => {
    const until = draft.partitions.get(partitionKey(topic, partition))?.replayUntil ?? 0
    return sum + (offset < until ? 1 : 0)
  }, 0)
}

function emptyChannelsOf(draft: Draft, subtask: SubtaskId, wiring: Wiring): void {
  const empty = (id: ChannelId, isConsumer: boolean): void =>
    update(draft.channels, id, (entry) => ({
      ...entry,
      inFlight: [],
      queued: isConsumer ? 0 : entry.queued,
      blockedBy: isConsumer ? null : entry.blockedBy,
    }))
  for (const id of wiring.inputsOf.get(subtask) ?? []) empty(id, true)
  for (const id of wiring.outputsOf.get(subtask) ?? []) empty(id, false)
}

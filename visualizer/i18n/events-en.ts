/**
 * What happened, in English: one sentence for every kind of event. `{field}` is a field of the event; a part in
 * [brackets] is left out when its fields are empty.
 */
import type { FactType } from '../../engine/trace.ts'

export const eventsEn = {
  'event.job-status-changed': 'Job is {status}[: {reason}]',
  'event.worker-registered': '{worker} registered with {slots} slots',
  'event.worker-lost': 'Job master gave up {worker}[: {reason}]',
  'event.subtask-status-changed': '{subtask} (attempt {attempt}, {worker}) is {status}[: {reason}]',
  'event.restart-scheduled': 'Restart {restart} scheduled in {delayMs} ms[: {reason}]',
  'event.restart-started': 'Restart {restart} begins[ from checkpoint {checkpoint}]',
  'event.checkpoint-triggered': 'Checkpoint {checkpoint} triggered',
  'event.checkpoint-skipped': 'Checkpoint skipped[: {reason}]',
  'event.checkpoint-acknowledged':
    '{subtask} acknowledged checkpoint {checkpoint} ({sizeBytes} bytes)',
  'event.checkpoint-declined': '{subtask} declined checkpoint {checkpoint}[: {reason}]',
  'event.checkpoint-completed':
    'Checkpoint {checkpoint} completed after {durationMs} ms ({sizeBytes} bytes)',
  'event.checkpoint-aborted': 'Checkpoint {checkpoint} aborted[: {reason}]',
  'event.checkpoint-subsumed': 'Checkpoint {checkpoint} subsumed by a newer one',
  'event.completion-received': '{subtask} learned that checkpoint {checkpoint} completed',
  'event.abortion-received': '{subtask} learned that checkpoint {checkpoint} was aborted',
  'event.barrier-injected': '{subtask} put barrier {checkpoint} between two of its records',
  'event.barrier-sent': 'Barrier {checkpoint} sent on {channel}',
  'event.barrier-received': 'Barrier {checkpoint} received on {channel}',
  'event.channel-blocked':
    '{channel} blocked until barrier {checkpoint} has arrived on every other input',
  'event.channel-unblocked': '{channel} unblocked: barrier {checkpoint} is aligned',
  'event.snapshot-taken':
    '{subtask} took its snapshot of checkpoint {checkpoint} (aligned for {alignmentMs} ms)',
  'event.snapshot-stored':
    'Snapshot of {subtask} for checkpoint {checkpoint} is stored ({sizeBytes} bytes)',
  'event.alignment-timed-out':
    '{subtask} aligned too long: the barrier of checkpoint {checkpoint} overtakes from here on',
  'event.channel-state-captured':
    '{count} records in flight on {channel} belong to the snapshot of {subtask} ({end})',
  'event.checkpoint-unreadable':
    'Checkpoint {checkpoint} cannot be read[: {reason}][; checkpoint {fallback} is used instead]',
  'event.changelog-appended':
    '{subtask} appended {count} changes for checkpoint {checkpoint} to its log ({sizeBytes} bytes)',
  'event.state-materialized': '{subtask} stored its whole state ({sizeBytes} bytes)',
  'event.state-downloaded':
    '{subtask} has the {sizeBytes} bytes of checkpoint {checkpoint}, {localBytes} of them local',
  'event.channel-state-restored':
    '{subtask} processed the {count} records that were in flight at checkpoint {checkpoint}',
  'event.master-started':
    'Job master {epoch} took over[; the newest checkpoint it found is {checkpoint}]',
  'event.job-submitted':
    'The job was submitted again with parallelism {parallelism}[, from checkpoint {checkpoint}][ at {location}]',
  'event.master-crashed': 'The job master crashed (incarnation {incarnation})',
  'event.message-lost': 'A message {message} from {from} to {to} was lost',
  'event.restore-started': '{subtask} restores from checkpoint {checkpoint}',
  'event.state-restored':
    '{subtask} restored {keyCount} keys of checkpoint {checkpoint} ({sizeBytes} bytes)',
  'event.split-assigned': '{subtask} reads {topic}/{partition} from offset {offset}',
  'event.split-restored': '{subtask} goes back to offset {offset} of {topic}/{partition}',
  'event.subtask-progressed': '{subtask} has processed {records} records (attempt {attempt})',
  'event.split-progressed': '{subtask} stands at offset {offset} of {topic}/{partition}; lag {lag}',
  'event.split-caught-up': '{subtask} reached the end of {topic}/{partition} at offset {offset}',
  'event.group-offset-committed':
    'Group {groupId} committed offset {offset} of {topic}/{partition}',
  'event.transaction-opened':
    '{subtask} opened transaction {transactionalId} (producer {producerId}, epoch {producerEpoch})',
  'event.transaction-prepared':
    '{subtask} pre-committed transaction {transactionalId} for checkpoint {checkpoint}',
  'event.transaction-committed':
    '{subtask} committed transaction {transactionalId} of checkpoint {checkpoint}[ ({isRecommit})]',
  'event.transaction-fenced':
    '{subtask} fenced and aborted what transaction {transactionalId} may have left open',
  'event.batch-appended':
    '{count} records appended to {topic}/{partition} at offset {baseOffset} by producer {producerId}',
  'event.marker-appended':
    '{result} marker at offset {offset} of {topic}/{partition}; stable up to {lastStableOffset}',
  'event.transaction-state-changed': 'Coordinator: transaction {transactionalId} is {state}',
  'event.producer-fenced':
    'Producer {producerId} epoch {producerEpoch} of {transactionalId} refused ({request}): a newer one exists',
  'event.duplicate-recognized':
    'Repeated batch at offset {baseOffset} of {topic}/{partition} recognized, not appended again',
  'event.worker-started': '{worker} started (incarnation {incarnation})',
  'event.worker-crashed': '{worker} crashed: everything in its memory is gone',
  'event.fault-fired': 'Fault {kind} hit {on}[ during {phase}]',
  'event.input-finished': 'The input is complete',
  'event.run-ended': 'The run ended[: {reason}]',
  'event.line-printed': '{subtask} printed: {line}',
  'event.watermark-advanced': 'Watermark of {subtask}: {watermark}',
  'event.buffer-sent': '{count} records sent on {channel}',
  'event.buffer-received': 'Buffer {element} received on {channel}; {queued} queued',
  'event.records-fetched':
    '{subtask} fetched {count} records of {topic}/{partition} from offset {offset}; lag {lag}',
  'event.records-processed': '{subtask} processed {count} records',
  'event.state-updated': '{subtask} {operator}: {key} = {value}',
} as const satisfies Record<`event.${FactType}`, string>

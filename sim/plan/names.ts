/** The names that a plan may use, as values; the compiler keeps the lists complete. */
import type { RequestType } from '../../engine/kafka/protocol.ts'
import type { FactType } from '../../engine/trace.ts'
import type { FaultKind, SentMessage } from './plan.ts'

const FAULTS: Readonly<Record<FaultKind, true>> = {
  crash: true,
  fail: true,
  sever: true,
  drop: true,
  compact: true,
  delay: true,
  duplicate: true,
  'lose-response': true,
}

const REQUESTS: Readonly<Record<RequestType, true>> = {
  metadata: true,
  'find-coordinator': true,
  'list-offsets': true,
  fetch: true,
  produce: true,
  'init-producer-id': true,
  'add-partitions-to-txn': true,
  'add-offsets-to-txn': true,
  'txn-offset-commit': true,
  'end-txn': true,
  'offset-commit': true,
  'offset-fetch': true,
}

const MESSAGES: Readonly<Record<SentMessage, true>> = {
  'heartbeat-request': true,
  deploy: true,
  cancel: true,
  'trigger-checkpoint': true,
  'notify-complete': true,
  'notify-aborted': true,
  'operator-event': true,
  'register-worker': true,
  heartbeat: true,
  'subtask-status': true,
  'acknowledge-checkpoint': true,
  'decline-checkpoint': true,
  'operator-event-acknowledged': true,
  'reader-event': true,
  'input-ended': true,
  'barrier-passed': true,
  'connect-channel': true,
  'channel-unavailable': true,
  element: true,
  credit: true,
}

/** Facts that a fault can wait for: those of the control level. */
const POINTS: Readonly<Record<FactType, boolean>> = {
  'job-status-changed': true,
  'worker-registered': true,
  'worker-lost': true,
  'subtask-status-changed': true,
  'restart-scheduled': true,
  'restart-started': true,
  'checkpoint-triggered': true,
  'checkpoint-skipped': true,
  'checkpoint-acknowledged': true,
  'checkpoint-declined': true,
  'checkpoint-completed': true,
  'checkpoint-aborted': true,
  'checkpoint-subsumed': true,
  'completion-received': true,
  'abortion-received': true,
  'barrier-injected': true,
  'barrier-sent': true,
  'barrier-received': true,
  'channel-blocked': true,
  'channel-unblocked': true,
  'snapshot-taken': true,
  'snapshot-stored': true,
  'alignment-timed-out': true,
  'channel-state-captured': true,
  'checkpoint-unreadable': true,
  'changelog-appended': true,
  'state-materialized': true,
  'state-downloaded': true,
  'channel-state-restored': true,
  'master-started': true,
  'job-submitted': true,
  'master-crashed': true,
  'message-lost': true,
  'restore-started': true,
  'state-restored': true,
  'split-assigned': true,
  'split-restored': true,
  'split-progressed': true,
  'subtask-progressed': true,
  'split-caught-up': true,
  'group-offset-committed': true,
  'transaction-opened': true,
  'transaction-prepared': true,
  'transaction-committed': true,
  'transaction-fenced': true,
  'batch-appended': true,
  'marker-appended': true,
  'transaction-state-changed': true,
  'producer-fenced': true,
  'duplicate-recognized': true,
  'worker-started': true,
  'worker-crashed': true,
  'fault-fired': true,
  'input-finished': true,
  'run-ended': false,
  'line-printed': true,
  'watermark-advanced': false,
  'buffer-sent': false,
  'buffer-received': false,
  'records-fetched': false,
  'records-processed': false,
  'state-updated': false,
}

/** In the order in which they are told. */
export const FAULT_KINDS: readonly FaultKind[] = keysOf(FAULTS)
export const REQUEST_TYPES: readonly RequestType[] = keysOf(REQUESTS)
export const MESSAGE_TYPES: readonly SentMessage[] = keysOf(MESSAGES)
export const FACT_TYPES: readonly FactType[] = keysOf(POINTS).filter((type) => POINTS[type])

function keysOf<K extends string>(record: Readonly<Record<K, unknown>>): K[] {
  return Object.keys(record).filter((key): key is K => key in record)
}

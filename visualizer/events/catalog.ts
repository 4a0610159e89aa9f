/**
 * One entry for every kind of event: its glyph, the group it is filtered and coloured by, whether a step stops at
 * it, and where it happened. Words are in i18n under `event.<type>`. A new FactType does not compile until it has
 * an entry here, a line in model/reduce.ts and words in both languages.
 */
import type { EventOf, FactType, TraceEvent } from '../../engine/trace.ts'

/** What a "next …" button looks for. */
export type EventGroup =
  | 'job'
  | 'checkpoint'
  | 'barrier'
  | 'snapshot'
  | 'restore'
  | 'source'
  | 'transaction'
  | 'log'
  | 'fault'
  | 'record'

export interface EventKind<T extends FactType> {
  readonly glyph: string
  readonly group: EventGroup
  /** Stepping stops here, and play does not hurry past it. */
  readonly matters: boolean
  /** The worker, subtask, channel, partition or transaction it happened at. */
  readonly place: (event: EventOf<T>) => string
}

const JOB = (): string => 'job-master'
const atWorker = (event: { readonly worker: string }): string => event.worker
const atSubtask = (event: { readonly subtask: string }): string => event.subtask
const onChannel = (event: { readonly channel: string }): string => event.channel
const onPartition = (event: { readonly topic: string; readonly partition: number }): string =>
  `${event.topic}/${event.partition}`
const inTransaction = (event: { readonly transactionalId: string }): string => event.transactionalId

/** Stops a step; `detail` below does not. */
function milestone<T extends FactType>(
  glyph: string,
  group: EventGroup,
  place: (event: EventOf<T>) => string,
): EventKind<T> {
  return { glyph, group, matters: true, place }
}

function detail<T extends FactType>(
  glyph: string,
  group: EventGroup,
  place: (event: EventOf<T>) => string,
): EventKind<T> {
  return { glyph, group, matters: false, place }
}

export const EVENT_KINDS: { readonly [T in FactType]: EventKind<T> } = {
  'job-status-changed': milestone('◉', 'job', JOB),
  'worker-registered': detail('＋', 'job', atWorker),
  'worker-lost': milestone('⌁', 'fault', atWorker),
  'subtask-status-changed': detail('○', 'job', atSubtask),
  'restart-scheduled': milestone('⟲', 'job', JOB),
  'restart-started': milestone('↻', 'job', JOB),
  'checkpoint-triggered': milestone('▷', 'checkpoint', JOB),
  'checkpoint-skipped': detail('▹', 'checkpoint', JOB),
  'checkpoint-acknowledged': milestone('✓', 'checkpoint', atSubtask),
  'checkpoint-declined': milestone('✗', 'checkpoint', atSubtask),
  'checkpoint-completed': milestone('▶', 'checkpoint', JOB),
  'checkpoint-aborted': milestone('✕', 'checkpoint', JOB),
  'checkpoint-subsumed': detail('▫', 'checkpoint', JOB),
  'completion-received': detail('✓', 'checkpoint', atSubtask),
  'abortion-received': detail('✕', 'checkpoint', atSubtask),
  'barrier-injected': milestone('┃', 'barrier', atSubtask),
  'barrier-sent': detail('┃', 'barrier', onChannel),
  'barrier-received': milestone('┃', 'barrier', onChannel),
  'channel-blocked': milestone('⊟', 'barrier', onChannel),
  'channel-unblocked': detail('⊞', 'barrier', onChannel),
  'snapshot-taken': milestone('◫', 'snapshot', atSubtask),
  'snapshot-stored': detail('▣', 'snapshot', atSubtask),
  'alignment-timed-out': milestone('⇥', 'barrier', atSubtask),
  'channel-state-captured': milestone('▤', 'snapshot', onChannel),
  'checkpoint-unreadable': milestone('⊘', 'checkpoint', JOB),
  'changelog-appended': detail('≡', 'snapshot', atSubtask),
  'state-materialized': detail('▦', 'snapshot', atSubtask),
  'state-downloaded': detail('⇣', 'restore', atSubtask),
  'channel-state-restored': detail('▤', 'restore', atSubtask),
  'master-started': milestone('◎', 'job', JOB),
  'job-submitted': milestone('▷', 'job', JOB),
  'master-crashed': milestone('☠', 'fault', JOB),
  'message-lost': milestone('⌁', 'fault', ({ to }) => to),
  'restore-started': milestone('⤓', 'restore', atSubtask),
  'state-restored': milestone('▣', 'restore', atSubtask),
  'split-assigned': detail('→', 'source', onPartition),
  'split-restored': milestone('↤', 'restore', onPartition),
  'subtask-progressed': detail('⋯', 'job', atSubtask),
  'split-progressed': detail('⋯', 'source', onPartition),
  'split-caught-up': milestone('⇥', 'source', onPartition),
  'group-offset-committed': detail('⌃', 'source', onPartition),
  'transaction-opened': detail('▭', 'transaction', inTransaction),
  'transaction-prepared': milestone('▨', 'transaction', inTransaction),
  'transaction-committed': milestone('▬', 'transaction', inTransaction),
  'transaction-fenced': detail('⊘', 'transaction', inTransaction),
  'batch-appended': detail('▪', 'log', onPartition),
  'marker-appended': milestone('◆', 'log', onPartition),
  'transaction-state-changed': detail('◇', 'transaction', inTransaction),
  'producer-fenced': milestone('⊘', 'transaction', inTransaction),
  'duplicate-recognized': detail('≡', 'log', onPartition),
  'worker-started': milestone('◐', 'fault', atWorker),
  'worker-crashed': milestone('✖', 'fault', atWorker),
  'fault-fired': milestone('⚡', 'fault', (event) => event.on),
  'input-finished': milestone('▪', 'source', JOB),
  'run-ended': milestone('■', 'job', JOB),
  'line-printed': detail('≫', 'record', atSubtask),
  'watermark-advanced': detail('≈', 'record', atSubtask),
  'buffer-sent': detail('·', 'record', onChannel),
  'buffer-received': detail('·', 'record', onChannel),
  'records-fetched': detail('⇠', 'source', onPartition),
  'records-processed': detail('·', 'record', atSubtask),
  'state-updated': detail('·', 'record', atSubtask),
}

/** The entry for an event, with its type paired (see reduce.ts for why the assertion is sound). */
export function kindOf(event: TraceEvent): EventKind<FactType> {
  return EVENT_KINDS[event.type] as EventKind<FactType>
}

export function placeOf(event: TraceEvent): string {
  return kindOf(event).place(event)
}

/** The checkpoints of a run in a table, as Flink's web page shows its history: the newest last. */
import type {
  CheckpointStatistics,
  CheckpointTracker,
} from '../engine/metrics/checkpoint-statistics.ts'
import { count, milliseconds, paint, printable, table } from './terminal.ts'

const HEAD = [
  'checkpoint',
  'kind',
  'status',
  'acks',
  'at ms',
  'took',
  'start delay',
  'alignment',
  'sync',
  'async',
  'written B',
  'full B',
  'in flight B',
]

export function checkpointTable(tracker: CheckpointTracker): string[] {
  const { history, counts } = tracker.statistics
  if (history.length === 0) return []
  const rows = history.toReversed().map((checkpoint) => rowOf(tracker, checkpoint))
  const head = HEAD.map((name) => paint('dim', name))
  const left = counts.total - history.length
  return [
    ...table(
      [head, ...rows].map(([first = '', ...rest]) => [`  ${first}`, ...rest]),
      [3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
    ),
    ...(left > 0 ? [`  ${paint('dim', `and ${count(left)} before them`)}`] : []),
  ]
}

/** Durations are the longest of all subtasks, sizes their sums. */
function rowOf(tracker: CheckpointTracker, checkpoint: CheckpointStatistics): string[] {
  const details = tracker.findDetails(checkpoint.id)
  const summaries = Object.keys(details?.tasks ?? {}).flatMap(
    (vertex) => tracker.findTask(checkpoint.id, vertex)?.summary ?? [],
  )
  const longest = (pick: (summary: (typeof summaries)[number]) => number): string =>
    milliseconds(Math.max(0, ...summaries.map(pick)))
  const took = checkpoint.end_to_end_duration
  return [
    String(checkpoint.id),
    checkpoint.checkpoint_type.toLowerCase().replaceAll('_', ' '),
    statusOf(checkpoint),
    `${checkpoint.num_acknowledged_subtasks}/${checkpoint.num_subtasks}`,
    milliseconds(checkpoint.trigger_timestamp),
    took < 0 ? '–' : milliseconds(took),
    longest(({ start_delay: { max } }) => max),
    longest(({ alignment }) => alignment.duration.max),
    longest(({ checkpoint_duration: { sync } }) => sync.max),
    longest((summary) => summary.checkpoint_duration.async.max),
    count(checkpoint.checkpointed_size),
    count(checkpoint.state_size),
    `${count(checkpoint.processed_data)} + ${count(checkpoint.persisted_data)}`,
  ]
}

function statusOf({ status, failure_message }: CheckpointStatistics): string {
  const words = status.toLowerCase().replace('_', ' ')
  if (status === 'COMPLETED') return paint('green', words)
  return paint(
    'yellow',
    failure_message === undefined ? words : `${words}: ${printable(failure_message)}`,
  )
}

/** The subtasks of a restart in a table: what each read, and how long its steps took. */
import type { SubtaskInitialization } from '../engine/metrics/initialization.ts'
import { count, milliseconds, paint, printable, table } from './terminal.ts'

const HEAD = ['start', 'download', 'restore', 'in-flight', 'initialize', 'remote B', 'local B']

export function initializationTable(subtasks: readonly SubtaskInitialization[]): string[] {
  if (subtasks.length === 0) return []
  const time = (value: number | null): string => (value === null ? '–' : milliseconds(value))
  const rows = subtasks.map((one) => [
    `    ${printable(one.subtask)}`,
    time(one.startMs),
    time(one.downloadMs),
    time(one.restoreMs),
    time(one.gateRestoreMs),
    time(one.initializeMs),
    count(one.remoteBytes),
    count(one.localBytes),
  ])
  const head = ['    subtask, ms', ...HEAD].map((name) => paint('dim', name))
  return table([head, ...rows], [1, 2, 3, 4, 5, 6, 7])
}

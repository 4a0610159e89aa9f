/**
 * Which cells of a partition's log a strip of a given width shows, and what each of them is. An input strip follows
 * the reader, an output strip the end of the log. The window moves in pages, so that cells do not slide under the
 * eye with every record.
 */
import type { LogEntry, PartitionState, RunState, TransactionPhase } from '../model/run-state.ts'
import { lowerBound } from '../model/lower-bound.ts'

export type CellKind =
  /** Input: read, read before a restore and to be read again, not read yet. */
  | 'read'
  | 'again'
  | 'unread'
  /** Output, by the fate of its transaction; plain: written without one. */
  | TransactionPhase
  | 'plain'
  | 'commit-marker'
  | 'abort-marker'

export interface Cell {
  readonly offset: number
  readonly kind: CellKind
  readonly epoch: number | null
}

export interface LogWindow {
  readonly start: number
  /** One past the last offset that has room, whether or not it exists. */
  readonly end: number
  readonly cells: readonly Cell[]
}

export interface Caret {
  readonly kind: 'position' | 'checkpointed' | 'committed' | 'stable' | 'end'
  readonly offset: number
}

const PAGE = 8
export const CELLS_MAX = 200

export function windowOf(partition: PartitionState, state: RunState, room: number): LogWindow {
  const count = Math.min(Math.max(Math.floor(room), 1), CELLS_MAX)
  const { role, position, logEndOffset } = partition
  const byEnd = logEndOffset - Math.floor(count * 0.85)
  const byReader = position - Math.floor(count * 0.6)
  const ideal = role === 'input' ? Math.min(byReader, byEnd) : byEnd
  const start = Math.max(0, Math.ceil(ideal / PAGE) * PAGE)
  const end = start + count
  return { start, end, cells: cellsIn(partition, state, start, end) }
}

/** The positions worth a caret; two on one offset are both listed. */
export function caretsOf(partition: PartitionState): readonly Caret[] {
  const { role, position, checkpointedOffset, committedOffset } = partition
  const carets: Caret[] = []
  if (role === 'input') {
    carets.push({ kind: 'position', offset: position })
    if (checkpointedOffset !== null)
      carets.push({ kind: 'checkpointed', offset: checkpointedOffset })
    if (committedOffset !== null) carets.push({ kind: 'committed', offset: committedOffset })
  } else carets.push({ kind: 'stable', offset: partition.lastStableOffset })
  carets.push({ kind: 'end', offset: partition.logEndOffset })
  return carets
}

function cellsIn(
  partition: PartitionState,
  state: RunState,
  start: number,
  end: number,
): readonly Cell[] {
  const { log } = partition
  const first = lowerBound(log.length, (index) => endOf(log.at(index)) > start)
  const outcomes = outcomesFrom(partition, state, first)
  const cells: Cell[] = []
  for (let index = first; index < log.length; index++) {
    const entry = log.at(index)
    if (entry === undefined || entry.baseOffset >= end) break
    const from = Math.max(entry.baseOffset, start)
    const to = Math.min(endOf(entry), end)
    for (let offset = from; offset < to; offset++)
      cells.push(cellOf(partition, entry, offset, outcomes.get(index)))
  }
  return cells
}

function endOf(entry: LogEntry | undefined): number {
  return entry === undefined ? Infinity : entry.baseOffset + entry.count
}

/**
 * The fate of every transactional batch from index `first` on: that of the next marker of its producer, or of the
 * producer's unfinished transaction. Walked from the end, so each batch meets its own marker first.
 */
function outcomesFrom(
  { log }: PartitionState,
  state: RunState,
  first: number,
): ReadonlyMap<number, TransactionPhase> {
  const latest = new Map<number, TransactionPhase>()
  for (const { producerId, phase } of state.transactions.values())
    if (phase === 'prepared') latest.set(producerId, 'prepared')
  const outcomes = new Map<number, TransactionPhase>()
  for (let index = log.length - 1; index >= first; index--) {
    const entry = log.at(index)
    if (entry === undefined) continue
    if (entry.kind === 'marker')
      latest.set(entry.producerId, entry.result === 'commit' ? 'committed' : 'aborted')
    else if (entry.isTransactional) outcomes.set(index, latest.get(entry.producerId) ?? 'open')
  }
  return outcomes
}

function cellOf(
  partition: PartitionState,
  entry: LogEntry,
  offset: number,
  outcome: TransactionPhase | undefined,
): Cell {
  if (entry.kind === 'marker') return { offset, epoch: null, kind: `${entry.result}-marker` }
  if (partition.role === 'output') return { offset, epoch: entry.epoch, kind: outcome ?? 'plain' }
  if (offset < partition.position)
    return { offset, epoch: epochAt(partition, offset), kind: 'read' }
  return { offset, epoch: null, kind: offset < partition.furthest ? 'again' : 'unread' }
}

/** A record belongs to the epoch that the last cut at or before it began. */
function epochAt({ cuts }: PartitionState, offset: number): number {
  return cuts.findLast((cut) => cut.offset <= offset)?.checkpoint ?? 0
}

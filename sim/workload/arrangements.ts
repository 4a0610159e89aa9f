/**
 * The records of an input at other times than planned, as failures may bring it about, and worse: in which order those of
 * two partitions come, and whether those that can come too late (see stragglers.ts) do. Within a partition the others
 * keep their order.
 */
import type { StreamGraph } from '../../engine/job/stream-graph.ts'
import type { Randomness } from '../world/randomness.ts'
import type { Arrange, Feed, PlacedRecord } from './feeder.ts'
import { findStragglers } from './stragglers.ts'

/** Long enough for a partition to be read before the next one has records. */
const STAGGER_MS = 60
/** Records that come together when they come in any order, at most. */
const PIECE_MAX = 40

export interface Arrangements {
  /** Each partition is read before a watermark is sent, and the last one moves event time: nothing is late. */
  readonly forwards: Arrange
  /** The last partition first, and in the end, when all watermarks have passed, what can be late. */
  readonly backwards: Arrange
  /** Pieces of partitions in any order; half of what can be late is. */
  anyOrder(random: Randomness): Arrange
  /** Each partition after the one before has become idle; from the first on, and from the last. */
  readonly idling: readonly Arrange[]
}

/** `settleMs`: after so long without records the watermark of the last one has passed. */
export function arrangementsFor(graph: StreamGraph, settleMs: number): Arrangements {
  const lateLast =
    (order: (records: readonly PlacedRecord[]) => readonly Feed[], isLate = always): Arrange =>
    (planned) => {
      const records = recordsOf(planned)
      const late = new Set([...findStragglers(graph, records)].filter(isLate))
      const feeds = order(records.filter((placed) => !late.has(placed)))
      return late.size === 0 ? feeds : [...feeds, { afterMs: settleMs, records: [...late] }]
    }
  // An operator that assigns watermarks does so for all partitions of its subtask: one may make another late.
  const pauseMs = assignsLater(graph) ? settleMs : STAGGER_MS
  const idlenessMs = idlenessOf(graph)
  return {
    forwards: (planned) => feedsOf(byPartition(recordsOf(planned)), STAGGER_MS),
    backwards: lateLast((records) => feedsOf(byPartition(records).toReversed(), pauseMs)),
    idling:
      idlenessMs === 0
        ? []
        : [
            lateLast((records) => feedsOf(byPartition(records), idlenessMs + settleMs)),
            lateLast((records) =>
              feedsOf(byPartition(records).toReversed(), idlenessMs + settleMs),
            ),
          ],
    anyOrder: (random) =>
      lateLast(
        (records) => feedsOf(shuffledPieces(byPartition(records), random), STAGGER_MS),
        () => random.draw('late', 2) === 0,
      ),
  }
}

/** Whether there are records that can come too late. */
export function hasStragglers(graph: StreamGraph, planned: readonly Feed[]): boolean {
  return findStragglers(graph, recordsOf(planned)).size > 0
}

/** The longest time without records after which a stream counts as idle; 0 when it never does. */
function idlenessOf({ nodes }: StreamGraph): number {
  return Math.max(
    0,
    ...nodes.map(({ work }) => {
      if (work.type === 'source') return work.watermarks?.idlenessMs ?? 0
      return work.operator.type === 'assign-watermarks'
        ? (work.operator.strategy.idlenessMs ?? 0)
        : 0
    }),
  )
}

function assignsLater({ nodes }: StreamGraph): boolean {
  return nodes.some(
    ({ work }) => work.type === 'operator' && work.operator.type === 'assign-watermarks',
  )
}

function always(): boolean {
  return true
}

function recordsOf(feeds: readonly Feed[]): PlacedRecord[] {
  return feeds.flatMap(({ records }) => records)
}

function feedsOf(groups: readonly (readonly PlacedRecord[])[], afterMs: number): Feed[] {
  return groups.map((records) => ({ afterMs, records }))
}

function byPartition(records: readonly PlacedRecord[]): PlacedRecord[][] {
  const partitions = new Map<string, PlacedRecord[]>()
  for (const placed of records) {
    const name = `${placed.topic}/${placed.partition}`
    const others = partitions.get(name)
    if (others === undefined) partitions.set(name, [placed])
    else others.push(placed)
  }
  return [...partitions.values()]
}

/** The next few records of one partition, then of another. */
function shuffledPieces(
  partitions: readonly (readonly PlacedRecord[])[],
  random: Randomness,
): PlacedRecord[][] {
  let rest = partitions
  const pieces: PlacedRecord[][] = []
  while (rest.length > 0) {
    const chosen = random.draw('partition', rest.length)
    const size = 1 + random.draw('piece', PIECE_MAX)
    pieces.push((rest[chosen] ?? []).slice(0, size))
    rest = rest
      .map((records, index) => (index === chosen ? records.slice(size) : records))
      .filter(({ length }) => length > 0)
  }
  return pieces
}

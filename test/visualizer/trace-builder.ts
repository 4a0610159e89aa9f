/** Writes traces by hand: facts with times become events with seq and cause. */
import { channelId, subtaskId, vertexId, workerId } from '../../engine/ids.ts'
import { millis } from '../../engine/ids.ts'
import type { Fact, TraceEvent, TraceTopology } from '../../engine/trace.ts'

export const SOURCE = vertexId('source')
export const SUM = vertexId('sum')
export const WORKERS = [workerId('worker-1'), workerId('worker-2')] as const
export const SOURCES = [subtaskId(SOURCE, 0), subtaskId(SOURCE, 1)] as const
export const SUMS = [subtaskId(SUM, 0), subtaskId(SUM, 1)] as const
export const CHANNELS = SOURCES.flatMap((from) => SUMS.map((to) => channelId(from, to, 0)))

/** Two sources, two sums, every source feeds every sum; two partitions in, two out. */
export const TOPOLOGY: TraceTopology = {
  job: 'Traffic Statistics',
  vertices: [
    {
      id: SOURCE,
      operators: [
        { uid: 'source', name: 'Source: in', kind: 'source' },
        { uid: 'parse', name: 'parse', kind: 'process' },
      ],
      subtasks: SOURCES,
    },
    {
      id: SUM,
      operators: [
        { uid: 'sum', name: 'sum(bytes)', kind: 'sum' },
        { uid: 'map', name: 'map', kind: 'map' },
        { uid: 'sink', name: 'Sink: out', kind: 'sink' },
      ],
      subtasks: SUMS,
    },
  ],
  channels: SOURCES.flatMap((from) =>
    SUMS.map((to) => ({ id: channelId(from, to, 0), from, to, input: 0 })),
  ),
  workers: WORKERS,
  inputs: [{ topic: 'in', partitions: 2, vertex: SOURCE }],
  outputs: [{ topic: 'out', partitions: 2, vertex: SUM, isTransactional: true }],
}

/** Collects facts in any order of time; `events` sorts them and stamps them. */
export class TraceBuilder {
  readonly #facts: { readonly at: number; readonly fact: Fact }[] = []

  add(at: number, fact: Fact): this {
    this.#facts.push({ at, fact })
    return this
  }

  events(): TraceEvent[] {
    return this.#facts
      .toSorted((a, b) => a.at - b.at)
      .map(({ at, fact }, seq) => ({ ...fact, seq, at: millis(at), cause: seq - 1 }))
  }
}

/**
 * The records of all partial matches of a key, each stored once. A node is a record accepted by a stage; its edges lead
 * to the node before it, one edge per run, with the run's version. Nodes, edges and records count their users and go with
 * the last one. Must not know states or conditions. Source: Agrawal et al. (SIGMOD 2008), section 4.2; Flink SharedBuffer.
 */
import { assert, present } from '../assert.ts'
import { isCompatible } from './dewey-number.ts'
import type { DeweyNumber } from './dewey-number.ts'
import type { EventId } from './partial-match.ts'

interface Edge {
  /** Null: the run starts here. */
  readonly target: string | null
  readonly version: DeweyNumber
  locks: number
}

interface Node {
  readonly event: EventId
  readonly stage: string
  edges: Edge[]
  locks: number
}

interface BufferedEvent {
  readonly value: unknown
  locks: number
}

/** What is stored; plain data. */
export interface BufferContents {
  readonly nodes: Map<string, Node>
  readonly events: Map<string, BufferedEvent>
  /** Records registered per timestamp, for the timestamps that may still get some. */
  readonly counts: Map<number, number>
}

/** The records of one run by stage, in the order in which the stages took them. */
export type MatchPath = ReadonlyMap<string, readonly EventId[]>

/** A path is walked from its end, so that its list comes out in the right order. */
interface Trail {
  readonly node: Node
  readonly next: Trail | null
}

interface Step {
  readonly node: string | null
  readonly version: DeweyNumber
  readonly trail: Trail | null
}

export function emptyBuffer(): BufferContents {
  return { nodes: new Map(), events: new Map(), counts: new Map() }
}

export class SharedBuffer {
  readonly #contents: BufferContents
  #isChanged = false

  constructor(contents: BufferContents) {
    this.#contents = contents
  }

  get isChanged(): boolean {
    return this.#isChanged
  }

  /** Stores a record and locks it; `releaseEvent` undoes that once all runs have seen it. */
  register(value: unknown, timestamp: number): EventId {
    const { counts, events } = this.#contents
    const index = counts.get(timestamp) ?? 0
    counts.set(timestamp, index + 1)
    const event = { timestamp, index }
    events.set(eventKey(event), { value, locks: 1 })
    this.#isChanged = true
    return event
  }

  releaseEvent(event: EventId): void {
    const key = eventKey(event)
    const entry = this.#contents.events.get(key)
    if (entry !== undefined && isLastRelease(entry)) this.#contents.events.delete(key)
  }

  /** Adds a record of a stage behind the node `previous`, and gives the key of its node. */
  put(stage: string, event: EventId, previous: string | null, version: DeweyNumber): string {
    if (previous !== null) this.lock(previous, version)
    const record = eventKey(event)
    const key = `${record}/${stage}`
    let node = this.#contents.nodes.get(key)
    if (node === undefined) {
      node = { event, stage, edges: [], locks: 0 }
      this.#contents.nodes.set(key, node)
      present(this.#contents.events.get(record), `The record ${record} is not buffered.`).locks += 1
    }
    node.edges.push({ target: previous, version, locks: 0 })
    return key
  }

  /** One more user of the node and of those of its edges that its run goes along. */
  lock(key: string, version: DeweyNumber): void {
    const node = this.#contents.nodes.get(key)
    if (node === undefined) return
    node.locks += 1
    for (const edge of node.edges) if (isCompatible(version, edge.version)) edge.locks += 1
  }

  /** Undoes `lock`. An edge that nobody uses any more releases the node behind it, and so on. */
  release(key: string | null, version: DeweyNumber): void {
    assert(key !== null, 'A partial match without a record is released.')
    const pending: [key: string, version: DeweyNumber][] = [[key, version]]
    let step = pending.pop()
    while (step !== undefined) {
      const node = this.#contents.nodes.get(step[0])
      if (node === undefined) return
      node.edges = this.#releaseEdges(node.edges, step[1], pending)
      if (isLastRelease(node)) {
        this.#contents.nodes.delete(step[0])
        this.releaseEvent(node.event)
      }
      step = pending.pop()
    }
  }

  /** The runs of that version that end in the node; several only if their versions do not tell them apart. */
  paths(key: string, version: DeweyNumber): readonly MatchPath[] {
    const paths: MatchPath[] = []
    const steps: Step[] = [{ node: key, version, trail: null }]
    let step = steps.pop()
    while (step !== undefined) {
      if (step.node === null) {
        paths.push(pathOf(step.trail))
      } else {
        const node = present(this.#contents.nodes.get(step.node), `No node ${step.node}.`)
        const trail = { node, next: step.trail }
        for (const edge of node.edges) {
          if (isCompatible(step.version, edge.version)) {
            steps.push({ node: edge.target, version: edge.version, trail })
          }
        }
      }
      step = steps.pop()
    }
    return paths
  }

  /** Puts the records in the place of their ids. */
  materialize(path: MatchPath): Map<string, readonly unknown[]> {
    const match = new Map<string, readonly unknown[]>()
    for (const [stage, events] of path) {
      match.set(
        stage,
        events.map((event) => this.#value(event)),
      )
    }
    return match
  }

  /** No record below the timestamp will be registered any more. */
  advanceTime(timestamp: number): void {
    for (const counted of this.#contents.counts.keys()) {
      if (counted >= timestamp) continue
      this.#contents.counts.delete(counted)
      this.#isChanged = true
    }
  }

  #value(event: EventId): unknown {
    const key = eventKey(event)
    return present(this.#contents.events.get(key), `The record ${key} is not buffered.`).value
  }

  #releaseEdges(
    edges: readonly Edge[],
    version: DeweyNumber,
    pending: [string, DeweyNumber][],
  ): Edge[] {
    const kept: Edge[] = []
    for (const edge of edges) {
      if (!isCompatible(version, edge.version) || !isLastRelease(edge)) kept.push(edge)
      else if (edge.target !== null) pending.push([edge.target, edge.version])
    }
    return kept
  }
}

/** Counts one user less and tells whether none is left. */
function isLastRelease(counted: { locks: number }): boolean {
  if (counted.locks > 0) counted.locks -= 1
  return counted.locks === 0
}

function eventKey(event: EventId): string {
  return `${event.timestamp}/${event.index}`
}

function pathOf(trail: Trail | null): MatchPath {
  const path = new Map<string, EventId[]>()
  for (let step = trail; step !== null; step = step.next) {
    const { stage, event } = step.node
    const events = path.get(stage)
    if (events === undefined) path.set(stage, [event])
    else events.push(event)
  }
  return path
}

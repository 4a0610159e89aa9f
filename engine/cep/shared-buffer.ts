/**
 * The records of all partial matches of a key, each stored once. A node is a record accepted by a stage; its edges lead
 * to the node before it, one edge per run, with the run's version. Nodes, edges and records count their users and go with
 * the last one. Must not know states or conditions. Source: Agrawal et al. (SIGMOD 2008), section 4.2; Flink SharedBuffer.
 */
import { assert } from '../assert.ts'
import { isCompatible } from './dewey-number.ts'
import type { DeweyNumber } from './dewey-number.ts'

/** The position of a record among those that were taken: by time, then in the order in which they came. */
export interface EventId {
  readonly timestamp: number
  readonly index: number
}

export interface BufferedEvent extends EventId {
  readonly value: unknown
  /** One for each stage that accepted the record. */
  readonly nodes: Node[]
  locks: number
}

export interface Node {
  readonly event: BufferedEvent
  readonly stage: string
  edges: Edge[]
  locks: number
}

export interface Edge {
  /** Null: the run starts here. */
  readonly target: Node | null
  readonly version: DeweyNumber
  locks: number
}

/** The records of one run by stage, in the order in which the stages took them. */
export type MatchPath = ReadonlyMap<string, readonly BufferedEvent[]>

/** A path is walked from its end, so that its list comes out in the right order. */
interface Trail {
  readonly node: Node
  readonly next: Trail | null
}

interface Step {
  readonly node: Node | null
  readonly version: DeweyNumber
  readonly trail: Trail | null
}

export class SharedBuffer {
  /** In the order of registration, so that the edges of a node lead to records before its own. */
  readonly events: Set<BufferedEvent>
  #isChanged = false

  constructor(events: Iterable<BufferedEvent> = []) {
    this.events = new Set(events)
  }

  get isChanged(): boolean {
    return this.#isChanged
  }

  /** Stores a record and locks it; `releaseEvent` undoes that once all runs have seen it. */
  register(value: unknown, timestamp: number): BufferedEvent {
    // Flink counts all records of a timestamp, and begins anew behind a restart, where the same id can come twice.
    let index = 0
    for (const other of this.events) {
      if (other.timestamp === timestamp) index = Math.max(index, other.index + 1)
    }
    const event: BufferedEvent = { timestamp, index, value, nodes: [], locks: 1 }
    this.events.add(event)
    this.#isChanged = true
    return event
  }

  releaseEvent(event: BufferedEvent): void {
    if (isLastRelease(event)) this.events.delete(event)
  }

  /** Adds a record of a stage behind the node `previous`. */
  put(stage: string, event: BufferedEvent, previous: Node | null, version: DeweyNumber): Node {
    assert(this.events.has(event), 'A record that is not buffered was taken.')
    if (previous !== null) this.lock(previous, version)
    let node = event.nodes.find((other) => other.stage === stage)
    if (node === undefined) {
      node = { event, stage, edges: [], locks: 0 }
      event.nodes.push(node)
      event.locks += 1
    }
    node.edges.push({ target: previous, version, locks: 0 })
    return node
  }

  /** One more user of the node and of those of its edges that its run goes along. */
  lock(node: Node, version: DeweyNumber): void {
    node.locks += 1
    for (const edge of node.edges) if (isCompatible(version, edge.version)) edge.locks += 1
  }

  /** Undoes `lock`. An edge that nobody uses any more releases the node behind it, and so on. */
  release(end: Node, version: DeweyNumber): void {
    const pending: [node: Node, version: DeweyNumber][] = [[end, version]]
    for (let step = pending.pop(); step !== undefined; step = pending.pop()) {
      const [node, used] = step
      node.edges = node.edges.filter((edge) => {
        if (!isCompatible(used, edge.version) || !isLastRelease(edge)) return true
        if (edge.target !== null) pending.push([edge.target, edge.version])
        return false
      })
      if (isLastRelease(node)) {
        node.event.nodes.splice(node.event.nodes.indexOf(node), 1)
        this.releaseEvent(node.event)
      }
    }
  }
}

/** The runs of that version that end in the node; several only if their versions do not tell them apart. */
export function pathsTo(end: Node, version: DeweyNumber): readonly MatchPath[] {
  const paths: MatchPath[] = []
  const steps: Step[] = [{ node: end, version, trail: null }]
  for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
    const { node } = step
    if (node === null) {
      paths.push(pathOf(step.trail))
      continue
    }
    const trail = { node, next: step.trail }
    for (const edge of node.edges) {
      if (!isCompatible(step.version, edge.version)) continue
      steps.push({ node: edge.target, version: edge.version, trail })
    }
  }
  return paths
}

/** Counts one user less and tells whether none is left. */
function isLastRelease(counted: { locks: number }): boolean {
  assert(counted.locks > 0, 'Something in the buffer of matches was released twice.')
  counted.locks -= 1
  return counted.locks === 0
}

function pathOf(trail: Trail | null): MatchPath {
  const path = new Map<string, BufferedEvent[]>()
  for (let step = trail; step !== null; step = step.next) {
    const { stage, event } = step.node
    const events = path.get(stage)
    if (events === undefined) path.set(stage, [event])
    else events.push(event)
  }
  return path
}

/**
 * The matches of a key in the form in which they are stored: numbers in one array, names and records beside it. They are
 * written and read with every record, and an object per node and edge would cost several times as much.
 * Invariant: unpacking what was packed gives equal matches.
 */
import { assert, present } from '../assert.ts'
import type { DeweyNumber } from './dewey-number.ts'
import type { MatchState } from './nfa.ts'
import type { PartialMatch } from './partial-match.ts'
import { SharedBuffer } from './shared-buffer.ts'
import type { BufferedEvent, Edge, EventId, Node } from './shared-buffer.ts'

/** Plain data. `numbers` tells of states and stages by their places in `names`, of records by theirs in `records`. */
export interface StoredMatches {
  readonly names: readonly string[]
  readonly numbers: Float64Array
  readonly records: readonly unknown[]
}

/** The place of something that is not there. */
const NONE = -1

export function packMatches({ partial, completed, buffer }: MatchState): StoredMatches {
  const writer = new Writer()
  for (const event of buffer.events) writer.event(event)
  writer.numbers.unshift(buffer.events.size)
  for (const heap of [partial, completed]) {
    writer.numbers.push(heap.length)
    for (const match of heap) writer.match(match)
  }
  return {
    names: [...writer.names.keys()],
    numbers: Float64Array.from(writer.numbers),
    records: Array.from(buffer.events, ({ value }) => value),
  }
}

export function unpackMatches(stored: StoredMatches): MatchState {
  const reader = new Reader(stored)
  const buffer = new SharedBuffer(reader.times((place) => reader.event(place)))
  const partial = reader.times(() => reader.match())
  const completed = reader.times(() => reader.match())
  assert(reader.isAtEnd, 'Stored matches are longer than what was read of them.')
  return { partial, completed, buffer }
}

class Writer {
  readonly names = new Map<string, number>()
  readonly numbers: number[] = []
  readonly #nodes = new Map<Node, number>()

  event({ timestamp, index, locks, nodes }: BufferedEvent): void {
    this.numbers.push(timestamp, index, locks, nodes.length)
    for (const node of nodes) this.#node(node)
  }

  match({ state, version, node, start, previousTimestamp }: PartialMatch): void {
    this.numbers.push(this.#name(state), this.#placeOf(node), previousTimestamp)
    this.numbers.push(start?.index ?? NONE, start?.timestamp ?? NONE)
    this.#version(version)
  }

  #node(node: Node): void {
    this.#nodes.set(node, this.#nodes.size)
    this.numbers.push(this.#name(node.stage), node.locks, node.edges.length)
    for (const { target, locks, version } of node.edges) {
      this.numbers.push(this.#placeOf(target), locks)
      this.#version(version)
    }
  }

  #version(version: DeweyNumber): void {
    this.numbers.push(version.length)
    for (const digit of version) this.numbers.push(digit)
  }

  #placeOf(node: Node | null): number {
    return node === null ? NONE : present(this.#nodes.get(node), 'A node is not in the buffer.')
  }

  #name(name: string): number {
    const place = this.names.get(name) ?? this.names.size
    this.names.set(name, place)
    return place
  }
}

class Reader {
  readonly #stored: StoredMatches
  readonly #nodes: Node[] = []
  #position = 0

  constructor(stored: StoredMatches) {
    this.#stored = stored
  }

  get isAtEnd(): boolean {
    return this.#position === this.#stored.numbers.length
  }

  /** As many as the next number says. */
  times<T>(read: (place: number) => T): T[] {
    const items: T[] = []
    for (let left = this.#next(); left > 0; left -= 1) items.push(read(items.length))
    return items
  }

  event(place: number): BufferedEvent {
    const event: BufferedEvent = {
      timestamp: this.#next(),
      index: this.#next(),
      locks: this.#next(),
      nodes: [],
      value: this.#stored.records[place],
    }
    for (const node of this.times(() => this.#node(event))) event.nodes.push(node)
    return event
  }

  match(): PartialMatch {
    return {
      state: this.#name(),
      node: this.#nodeAt(this.#next()),
      previousTimestamp: this.#next(),
      start: this.#start(),
      version: this.#version(),
    }
  }

  #start(): EventId | null {
    const id = { index: this.#next(), timestamp: this.#next() }
    return id.index === NONE ? null : id
  }

  #node(event: BufferedEvent): Node {
    const node = {
      event,
      stage: this.#name(),
      locks: this.#next(),
      edges: this.times(() => this.#edge()),
    }
    this.#nodes.push(node)
    return node
  }

  #edge(): Edge {
    return {
      target: this.#nodeAt(this.#next()),
      locks: this.#next(),
      version: this.#version(),
    }
  }

  #version(): DeweyNumber {
    return this.times(() => this.#next())
  }

  #nodeAt(place: number): Node | null {
    return place === NONE ? null : present(this.#nodes[place], `No node ${place} was stored.`)
  }

  #name(): string {
    return present(this.#stored.names[this.#next()], 'A name was not stored.')
  }

  #next(): number {
    const number = present(this.#stored.numbers[this.#position], 'Stored matches end too early.')
    this.#position += 1
    return number
  }
}

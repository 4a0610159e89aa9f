/** One completed checkpoint as the fold of one operator meets it: which records it covers, and what state it stored. */
import type { StreamNode } from '../../engine/job/stream-graph.ts'
import type { CheckpointRecord } from '../history/history.ts'
import type { OriginIndex } from './origin-index.ts'

export class Cut {
  readonly record: CheckpointRecord
  readonly #origins: OriginIndex
  /** By input partition, the first record that is not covered. */
  readonly #limits: readonly number[]
  readonly #inFlight = new Set<number>()
  readonly #values = new Map<string, Map<unknown, unknown>>()

  /** `upstream`: the vertices whose input the operator, or something in front of it, reads. */
  constructor(
    record: CheckpointRecord,
    node: StreamNode,
    origins: OriginIndex,
    upstream: ReadonlySet<string>,
  ) {
    this.record = record
    this.#origins = origins
    this.#limits = origins.limits(record.offsets)
    for (const { consumer, origins: overtaken } of record.channels) {
      if (!upstream.has(consumer)) continue
      for (const origin of overtaken) this.#inFlight.add(origins.numberOf(origin))
    }
    for (const { vertex, state, entries } of record.states) {
      // How sum remembers first records is its own business; its total is compared.
      if (vertex !== node.uid || state === `${node.uid}.first`) continue
      const values = this.#values.get(state) ?? new Map<unknown, unknown>()
      for (const { key, value } of entries) values.set(keyIdentity(key), value)
      this.#values.set(state, values)
    }
  }

  /** A source has read it, but it was still on its way to the operator. */
  isInFlight(origin: number): boolean {
    return this.#inFlight.has(origin)
  }

  covers(origin: number): boolean {
    if (this.#inFlight.has(origin)) return false
    return origin < (this.#limits[this.#origins.partitionOf(origin)] ?? 0)
  }

  /** The stored states by name, each a map by key identity. */
  get states(): ReadonlyMap<string, ReadonlyMap<unknown, unknown>> {
    return this.#values
  }
}

/** Equal for equal keys: primitives are their own identity, structures are compared by content. */
export function keyIdentity(key: unknown): unknown {
  return typeof key === 'object' && key !== null ? `structure ${JSON.stringify(key)}` : key
}

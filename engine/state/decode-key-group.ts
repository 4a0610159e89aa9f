// Skeleton: signatures only, the body follows.

import type { Serializer } from '../serializer.ts'

export interface DecodedEntry {
  readonly key: unknown
  readonly value: unknown
  /** Present for namespaced states. */
  readonly namespace?: number
}

export interface DecodedState {
  readonly state: string
  readonly entries: readonly DecodedEntry[]
}

/** Reads a snapshot's key-group segment without a backend. */
export function decodeKeyGroup(
  _bytes: Uint8Array,
  _serializers: readonly Serializer<unknown>[] = [],
): DecodedState[] {
  throw new Error('not yet')
}

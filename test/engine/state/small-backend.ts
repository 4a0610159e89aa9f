// A backend with eight key groups, for tests.

import { hashKey } from '../../../engine/serializer.ts'
import {
  HeapStateBackend,
  type HeapStateBackendOptions,
} from '../../../engine/state/heap-state-backend.ts'
import type { KeyedStateBackend } from '../../../engine/state/keyed-state-backend.ts'

export const MAX = 8

export function backend(options: Partial<HeapStateBackendOptions> = {}): HeapStateBackend {
  return new HeapStateBackend({
    maxParallelism: MAX,
    range: { first: 0, last: MAX - 1 },
    ...options,
  })
}

export function select(target: KeyedStateBackend, key: unknown): void {
  target.setCurrentKey(key, hashKey(key))
}

/** A backend whose current key is `key`. */
export function at(key: unknown): HeapStateBackend {
  const target = backend()
  select(target, key)
  return target
}

/** A new backend with all that the other one has. */
export function restored(from: HeapStateBackend): HeapStateBackend {
  const target = backend()
  target.restore(from.snapshot().keyGroups())
  return target
}

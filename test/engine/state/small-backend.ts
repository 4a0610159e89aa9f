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

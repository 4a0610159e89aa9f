// A backend with eight key groups, for tests.

import { beforeAll, describe } from 'vitest'
import { hashKey } from '../../../engine/serializer.ts'
import {
  HeapStateBackend,
  type HeapStateBackendOptions,
} from '../../../engine/state/heap-state-backend.ts'
import type { KeyedStateBackend } from '../../../engine/state/keyed-state-backend.ts'
import { backends, type NamedBackend } from './backends.ts'

export const MAX = 8

type Create = NamedBackend['create']

const heap: Create = (options) => new HeapStateBackend(options)
const used: { create: Create } = { create: heap }

/** The suite with every backend: `backend` and what is made of it give that one. */
export function describeBackends(suite: (backend: NamedBackend) => void): void {
  describe.each(backends)('$name', (named) => {
    beforeAll(() => {
      used.create = named.create
      return () => {
        used.create = heap
      }
    })
    suite(named)
  })
}

export function backend(options: Partial<HeapStateBackendOptions> = {}): KeyedStateBackend {
  return used.create({ maxParallelism: MAX, range: { first: 0, last: MAX - 1 }, ...options })
}

export function heapBackend(options: Partial<HeapStateBackendOptions> = {}): HeapStateBackend {
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
export function at(key: unknown): KeyedStateBackend {
  const target = backend()
  select(target, key)
  return target
}

/** A new backend with all that the other one has. */
export function restored(from: KeyedStateBackend): KeyedStateBackend {
  const target = backend()
  target.restore(from.snapshot().keyGroups())
  return target
}

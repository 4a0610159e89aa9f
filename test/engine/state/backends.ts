// Every backend that the suite of this folder runs with.

import {
  HeapStateBackend,
  type HeapStateBackendOptions,
} from '../../../engine/state/heap-state-backend.ts'
import type { KeyedStateBackend } from '../../../engine/state/keyed-state-backend.ts'
import { LsmStore } from '../../../engine/state/lsm/lsm-store.ts'
import { TieredStateBackend } from '../../../engine/state/tiered/tiered-state-backend.ts'

export interface NamedBackend {
  readonly name: string
  readonly create: (options: HeapStateBackendOptions) => KeyedStateBackend
}

function lsm(options: HeapStateBackendOptions, rowsMax: number): KeyedStateBackend {
  const store = new LsmStore()
  return new TieredStateBackend({ ...options, base: store, runs: store, rowsMax })
}

/** `tiny` has room for two rows in its tables, so that nearly every access is one of the base. */
export const backends: readonly NamedBackend[] = [
  { name: 'heap', create: (options) => new HeapStateBackend(options) },
  { name: 'lsm', create: (options) => lsm(options, 65_536) },
  { name: 'tiny lsm', create: (options) => lsm(options, 2) },
]

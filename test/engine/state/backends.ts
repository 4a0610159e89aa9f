// Every backend that the suite of this folder runs with.

import { ChangelogStateBackend } from '../../../engine/state/changelog/changelog-state-backend.ts'
import { ObjectLog } from '../../../engine/state/changelog/object-log.ts'
import {
  HeapStateBackend,
  type HeapStateBackendOptions,
} from '../../../engine/state/heap-state-backend.ts'
import type { KeyedStateBackend } from '../../../engine/state/keyed-state-backend.ts'
import { LsmStore } from '../../../engine/state/lsm/lsm-store.ts'
import { ChangeTracker } from '../../../engine/state/rows/change-tracker.ts'
import { TieredStateBackend } from '../../../engine/state/tiered/tiered-state-backend.ts'

export interface NamedBackend {
  readonly name: string
  /** Whether all rows are where the incremental cleanup of TTL looks: it never looks at rows that lie in the base only. */
  readonly cleansAll: boolean
  readonly create: (options: HeapStateBackendOptions) => KeyedStateBackend
}

function lsm(options: HeapStateBackendOptions, rowsMax: number): KeyedStateBackend {
  const store = new LsmStore()
  return new TieredStateBackend({ ...options, base: store, runs: store, rowsMax })
}

function changelog(
  options: HeapStateBackendOptions,
  create: NamedBackend['create'],
): KeyedStateBackend {
  const { maxParallelism, aliasSnapshots = false } = options
  const tracker = new ChangeTracker({ maxParallelism, aliasSnapshots })
  const inner = create({ ...options, observer: tracker })
  return new ChangelogStateBackend({ inner, tracker, log: new ObjectLog() })
}

/** `tiny` has room for two rows in its tables, so that nearly every access is one of the base. */
export const backends: readonly NamedBackend[] = [
  { name: 'heap', cleansAll: true, create: (options) => new HeapStateBackend(options) },
  { name: 'lsm', cleansAll: true, create: (options) => lsm(options, 65_536) },
  { name: 'tiny lsm', cleansAll: false, create: (options) => lsm(options, 2) },
  {
    name: 'changelog over heap',
    cleansAll: true,
    create: (options) => changelog(options, (inner) => new HeapStateBackend(inner)),
  },
  {
    name: 'changelog over tiny lsm',
    cleansAll: false,
    create: (options) => changelog(options, (inner) => lsm(inner, 2)),
  },
]

// Skeleton: signatures only, the body follows.

import type { NumberStateDescriptor, ValueStateDescriptor } from './descriptors.ts'
import type { KeyGroupRange } from './key-groups.ts'
import type {
  KeyedStateBackend,
  KeyedStateSnapshot,
  KeyGroupSegment,
  NumberState,
  StateEntry,
  ValueState,
} from './keyed-state-backend.ts'

export interface HeapStateBackendOptions {
  readonly maxParallelism: number
  readonly range: KeyGroupRange
  /** Mutant B-3, to prove the checker: writes go to frozen pages without copying them. */
  readonly aliasSnapshots?: boolean
}

export class HeapStateBackend implements KeyedStateBackend {
  readonly maxParallelism: number
  readonly range: KeyGroupRange
  get currentKey(): unknown {
    throw new Error('not yet')
  }

  constructor(options: HeapStateBackendOptions) {
    this.maxParallelism = options.maxParallelism
    this.range = options.range
  }

  setCurrentKey(_key: unknown, _hash: number): void {
    throw new Error('not yet')
  }
  setCurrentNamespace(_namespace: number): void {
    throw new Error('not yet')
  }
  valueState<T>(_descriptor: ValueStateDescriptor<T>): ValueState<T> {
    throw new Error('not yet')
  }
  numberState(_descriptor: NumberStateDescriptor): NumberState {
    throw new Error('not yet')
  }
  snapshot(): KeyedStateSnapshot {
    throw new Error('not yet')
  }
  restore(_segments: Iterable<KeyGroupSegment>): void {
    throw new Error('not yet')
  }
  entries(_stateName: string): Iterable<StateEntry> {
    throw new Error('not yet')
  }
  keyCount(): number {
    throw new Error('not yet')
  }
  sizeBytes(): number {
    throw new Error('not yet')
  }
}

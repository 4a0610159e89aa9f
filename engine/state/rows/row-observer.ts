/**
 * Who wants to know which rows of a heap backend are used. A row is what one state has for one key (and namespace), or
 * one timer: the unit in which state is loaded, changed and logged. Must not know why somebody asks.
 */

import type { HeapStore } from '../heap-store.ts'
import type { LookupKey } from '../lookup-key.ts'
import type { DueTimer, TimerDomain } from '../timer-queue.ts'
import type { StoredTimer } from '../timer-segment.ts'

export interface RowObserver {
  /** The row will be read. */
  reads(store: HeapStore, key: LookupKey): void
  /** The row will be written or removed; its present content can still be read. */
  writes(store: HeapStore, key: LookupKey): void
  /** The row will leave the tables for something larger that lies under them; its content can still be read. */
  evicts?(store: HeapStore, key: LookupKey): void
  /** A timer was added, or (without a row) will be removed. The row's bytes are only good during the call. */
  timer(domain: TimerDomain, timer: DueTimer, row: StoredTimer | undefined): void
}

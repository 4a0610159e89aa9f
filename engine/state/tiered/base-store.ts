/**
 * What lies under the tables of a tiered backend: bytes to bytes, ordered by key (unsigned bytes), synchronous. May be
 * larger than memory. Must not know what keys and values mean, nor anything of checkpoints.
 */

import type { RowChange, StoredRow } from '../rows/row-change.ts'

export interface BaseStore {
  readonly sizeBytes: number
  get(key: Uint8Array): Uint8Array | undefined
  /** Changes are there from the commit of their batch on; who reads their keys before that may see either. */
  batch(): BaseBatch
  /** What is in the store at this moment, whatever is written afterwards. Several may be open. */
  view(): BaseView
  /** A hint: these keys will be asked for next. */
  prefetch?(keys: readonly Uint8Array[]): void
  /** Housekeeping, of about so many bytes; the bytes that it moved, 0 if there was nothing to do. */
  maintain?(bytesMax: number): number
  close(): void
}

export interface BaseBatch {
  /** Keys in ascending order, each once; null removes. */
  put(change: RowChange): void
  commit(): void
}

export interface BaseView {
  /** The rows whose keys begin with `prefix`, in ascending order of keys. */
  scan(prefix: Uint8Array): Iterable<StoredRow>
  /** The view must not be read any more. Idempotent. */
  release(): void
}

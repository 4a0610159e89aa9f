/**
 * Batch mode: holds the records of keyed inputs until the inputs end, then yields them key by key, and within a key by
 * timestamp, then by arrival. Keys come in the order of their hash and their bytes. Source: Flink's sorting inputs for
 * batch execution (execution_mode.md). Everything is held in memory; Flink spills to disk.
 */
import { assert } from '../assert.ts'
import type { Origins } from '../element.ts'
import { encodeKey } from '../serializer.ts'

export interface BatchRecord {
  readonly input: number
  readonly key: unknown
  readonly hash: number
  readonly value: unknown
  readonly timestamp: number
  readonly origins: Origins | null
}

export type BatchStep =
  (BatchRecord & { readonly type: 'record' }) | { readonly type: 'end-of-key' }

interface KeyedRecords {
  readonly hash: number
  readonly bytes: string
  readonly records: BatchRecord[]
}

export class BatchSorter {
  readonly #keys = new Map<string, KeyedRecords>()
  #steps: Iterator<BatchStep> | null = null
  #isDrained = false

  /** True once `next` has returned null. */
  get isDrained(): boolean {
    return this.#isDrained
  }

  add(record: BatchRecord): void {
    assert(this.#steps === null, 'A record was added to a batch that is being read.')
    const bytes = encodeKey(record.key).join(',')
    const existing = this.#keys.get(bytes)
    if (existing === undefined) {
      this.#keys.set(bytes, { hash: record.hash, bytes, records: [record] })
    } else {
      existing.records.push(record)
    }
  }

  /** The next record, or the end of a key, or null when all is read. */
  next(): BatchStep | null {
    this.#steps ??= this.#sorted()
    const next = this.#steps.next()
    if (next.done !== true) return next.value
    this.#isDrained = true
    return null
  }

  *#sorted(): Generator<BatchStep> {
    const keys = [...this.#keys.values()].sort(byHashAndBytes)
    for (const { records, bytes } of keys) {
      // Sorting is stable: equal timestamps stay in the order of arrival.
      records.sort((left, right) => compare(left.timestamp, right.timestamp))
      for (const record of records) yield { type: 'record', ...record }
      yield { type: 'end-of-key' }
      this.#keys.delete(bytes)
    }
  }
}

function byHashAndBytes(left: KeyedRecords, right: KeyedRecords): number {
  return compare(left.hash, right.hash) || (left.bytes < right.bytes ? -1 : 1)
}

/** Timestamps may be infinite, so that their difference is not a number. */
function compare(left: number, right: number): number {
  return left < right ? -1 : left > right ? 1 : 0
}

/**
 * The transaction index of a partition log (K-R5, K-R7): which transactions were aborted and where they lie, in the
 * order of their abort markers. Brokers send the matching entries along with every read_committed fetch.
 */
import { assert } from '../../engine/assert.ts'
import type { AbortedTransaction } from '../../engine/kafka/protocol.ts'
import { lowerBound } from './lower-bound.ts'

interface Entry {
  readonly transaction: AbortedTransaction
  /** Offset of the abort marker; ascending. */
  readonly lastOffset: number
  /** Everything below it was decided when the marker was written; ascending. */
  readonly stableOffset: number
}

/** Where an aborted transaction lies: from its first record to its marker. */
export interface AbortedRange extends AbortedTransaction {
  readonly markerOffset: number
}

const NONE: readonly AbortedTransaction[] = []

export class AbortedTransactions {
  #entries: Entry[] = []

  get ranges(): readonly AbortedRange[] {
    return this.#entries.map(({ transaction, lastOffset }) => {
      return { ...transaction, markerOffset: lastOffset }
    })
  }

  /** Compaction took away these markers, and before them everything that they decided about. */
  forget(markers: ReadonlySet<number>): void {
    if (markers.size === 0) return
    this.#entries = this.#entries.filter(({ lastOffset }) => !markers.has(lastOffset))
  }

  add(transaction: AbortedTransaction, lastOffset: number, stableOffset: number): void {
    const previous = this.#entries.at(-1)
    assert(
      previous === undefined ||
        (previous.lastOffset < lastOffset && previous.stableOffset <= stableOffset),
      'Aborted transactions are indexed in the order of their markers.',
    )
    this.#entries.push({ transaction, lastOffset, stableOffset })
  }

  /** Those that end at or after `fetchOffset` and begin before `upperBound`, in index order. */
  collect(fetchOffset: number, upperBound: number): readonly AbortedTransaction[] {
    const entries = this.#entries
    const from = lowerBound(entries, (entry) => entry.lastOffset < fetchOffset)
    if (from === entries.length) return NONE
    const found: AbortedTransaction[] = []
    for (let i = from; i < entries.length; i += 1) {
      const entry = entries[i]
      if (entry === undefined) break
      if (entry.transaction.firstOffset < upperBound) found.push(entry.transaction)
      // Whatever was aborted later began at or above this entry's stable offset.
      if (entry.stableOffset >= upperBound) break
    }
    return found
  }
}

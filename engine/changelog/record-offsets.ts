/**
 * Where the records of one writer are in its partition: they are added one after the other, and acknowledged in the same
 * order, batch by batch, sometime later. Lines are drawn between them. Must not know what the records are.
 */
import { assert } from '../assert.ts'
import type { LogLine } from '../state/changelog/state-log.ts'

interface AcknowledgedBatch {
  /** The number of its first record, and of the first behind it. */
  readonly first: number
  readonly end: number
  readonly baseOffset: number
}

export class RecordOffsets {
  #added = 0
  #acknowledged = 0
  #batches: readonly AcknowledgedBatch[] = []
  /** Records before each line. */
  readonly #counts = new Map<LogLine, number>()

  add(): void {
    this.#added += 1
  }

  draw(line: LogLine): void {
    this.#counts.set(line, this.#added)
  }

  acknowledge(records: number, baseOffset: number): void {
    const first = this.#acknowledged
    this.#acknowledged += records
    assert(this.#acknowledged <= this.#added, 'More records were acknowledged than were written.')
    this.#batches = [...this.#batches, { first, end: this.#acknowledged, baseOffset }]
  }

  /** Of the first record behind the line; null if there is none. */
  startOf(line: LogLine): number | null {
    return this.#offsetOf(this.#countAt(line))
  }

  /** Behind the last record before the line; null if there is none. */
  endOf(line: LogLine): number | null {
    const last = this.#offsetOf(this.#countAt(line) - 1)
    return last === null ? null : last + 1
  }

  /** What is before the line is not asked for any more. */
  forget(line: LogLine): void {
    const count = this.#countAt(line)
    // The last record before the line may still be the end of something.
    this.#batches = this.#batches.filter(({ end }) => end >= count)
    for (const drawn of this.#counts.keys()) if (drawn < line) this.#counts.delete(drawn)
    this.#counts.set(line, count)
  }

  /** Of lines that were left out, the one before counts. */
  #countAt(line: LogLine): number {
    let count = 0
    for (const [drawn, records] of this.#counts) {
      if (drawn <= line) count = Math.max(count, records)
    }
    return count
  }

  #offsetOf(record: number): number | null {
    const batch = this.#batches.find(({ first, end }) => first <= record && record < end)
    return batch === undefined ? null : batch.baseOffset + record - batch.first
  }
}

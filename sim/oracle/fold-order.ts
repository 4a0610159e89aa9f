/**
 * In which order a key's records were folded, as the committed output shows it. Each output names its input record, and
 * outputs of one key lie in one output partition in the order of the fold. The order must be an interleaving of the
 * orders of the input partitions; where it is not, that is a violation (T3).
 *
 * A record whose outputs are not to be seen (dropped behind the fold) leaves no evidence. It is placed as late as its
 * partition allows; if records of several partitions are concerned, the key's order is `uncertain` and its values are
 * not judged.
 */
import type { OutputPartition } from '../history/history.ts'
import type { OriginIndex } from './origin-index.ts'
import type { ModelRecord } from './reference-model.ts'

/** Room for so many outputs in one partition: a place is partition times this, plus position. */
const PARTITION_SPAN = 0x1_0000_0000
const NO_PLACE = Number.POSITIVE_INFINITY

export interface Arranged {
  readonly ordered: readonly ModelRecord[]
  readonly isUncertain: boolean
  /** A record that came out before its predecessor in the same input partition; null when the order is possible. */
  readonly inverted: ModelRecord | null
}

export class FoldOrder {
  readonly #origins: OriginIndex
  /** Place of the first output of each input record. */
  readonly #places: Float64Array

  /** `outputs`: of the sinks that read this fold's results, directly or through operators without state. */
  constructor(outputs: readonly OutputPartition[], origins: OriginIndex) {
    this.#origins = origins
    this.#places = new Float64Array(origins.size).fill(NO_PLACE)
    outputs.forEach(({ committed }, partition) => {
      committed.forEach(({ origins: named }, position) => {
        for (const origin of named ?? []) {
          const number = origins.numberOf(origin)
          const place = partition * PARTITION_SPAN + position
          if (number >= 0 && place < this.#placeOf(number)) this.#places[number] = place
        }
      })
    })
  }

  /**
   * Puts a key's records into the order of the fold. `isInputOrder`: they come partition by partition in offset order,
   * and the job must keep that order; behind another fold they do not, and only evidence tells.
   */
  arrange(records: readonly ModelRecord[], isInputOrder: boolean): Arranged {
    const [first] = records
    const last = records.at(-1)
    if (first === undefined || last === undefined) return UNCHANGED
    if (!isInputOrder) return { ...this.#merge(records), inverted: null }
    const inverted = this.#findInverted(records)
    if (this.#origins.partitionOf(first.origin) === this.#origins.partitionOf(last.origin)) {
      return { ordered: records, isUncertain: false, inverted }
    }
    return { ...this.#merge(records), inverted }
  }

  /** The order when outputs tell nothing: that of the input, if the job keeps it and there is one partition. */
  arrangeWithoutEvidence(records: readonly ModelRecord[], isInputOrder: boolean): Arranged {
    const partitions = new Set(records.map(({ origin }) => this.#origins.partitionOf(origin)))
    const isUncertain = records.length > 1 && (!isInputOrder || partitions.size > 1)
    return { ordered: records, isUncertain, inverted: null }
  }

  /** Within one input partition and one output partition, outputs must come in the order of the input. */
  #findInverted(records: readonly ModelRecord[]): ModelRecord | null {
    let former: ModelRecord | null = null
    for (const record of records) {
      const place = this.#placeOf(record.origin)
      if (place === NO_PLACE) continue
      if (
        former !== null &&
        this.#origins.partitionOf(former.origin) === this.#origins.partitionOf(record.origin)
      ) {
        const formerPlace = this.#placeOf(former.origin)
        const isSameOutput =
          Math.floor(formerPlace / PARTITION_SPAN) === Math.floor(place / PARTITION_SPAN)
        if (isSameOutput && formerPlace > place) return record
      }
      former = record
    }
    return null
  }

  #merge(records: readonly ModelRecord[]): Pick<Arranged, 'ordered' | 'isUncertain'> {
    // A record without evidence takes the place of the next one of its partition: it must come before that.
    const places = new Float64Array(records.length)
    const outputPartitions = new Set<number>()
    let isWithoutEvidence = false
    let next = NO_PLACE
    let nextPartition = -1
    for (let i = records.length - 1; i >= 0; i--) {
      const origin = records[i]?.origin ?? 0
      const partition = this.#origins.partitionOf(origin)
      if (partition !== nextPartition) next = NO_PLACE
      nextPartition = partition
      const own = this.#placeOf(origin)
      if (own === NO_PLACE) isWithoutEvidence = true
      else outputPartitions.add(Math.floor(own / PARTITION_SPAN))
      next = own === NO_PLACE ? next : own
      places[i] = next
    }
    const placeAt = (index: number): number => places[index] ?? NO_PLACE
    const order = records
      .map((_, index) => index)
      .toSorted((a, b) => (placeAt(a) === placeAt(b) ? a - b : placeAt(a) < placeAt(b) ? -1 : 1))
    const ordered = order.flatMap((index) => records[index] ?? [])
    return { ordered, isUncertain: isWithoutEvidence || outputPartitions.size > 1 }
  }

  #placeOf(number: number): number {
    return this.#places[number] ?? NO_PLACE
  }
}

const UNCHANGED: Arranged = { ordered: [], isUncertain: false, inverted: null }

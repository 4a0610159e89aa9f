/**
 * Numbers for input records: the oracle handles tens of thousands of them many times over, and small integers are what
 * it can afford. A record's number tells its partition and offset; numbers of one partition are in offset order.
 */
import { present } from '../../engine/assert.ts'
import type { RecordOrigin } from '../../engine/trace.ts'
import type { FedPartition } from '../history/history.ts'

interface Range {
  readonly topic: string
  readonly partition: number
  readonly first: number
}

export class OriginIndex {
  readonly #ranges: Range[] = []
  readonly #byTopic = new Map<string, Range[]>()
  /** Index of the range of each number. */
  readonly #rangeOf: Uint16Array
  readonly size: number
  /** Several sources read one topic: then a record has been read by one when it has not by another. */
  readonly isAmbiguous: boolean = false

  constructor(fed: readonly FedPartition[]) {
    let first = 0
    for (const { topic, partition, endOffset } of fed) {
      if (this.#byTopic.get(topic)?.[partition] !== undefined) {
        this.isAmbiguous = true
        continue
      }
      const range: Range = { topic, partition, first }
      this.#ranges.push(range)
      const ofTopic = this.#byTopic.get(topic) ?? []
      ofTopic[partition] = range
      this.#byTopic.set(topic, ofTopic)
      first += endOffset
    }
    this.size = first
    this.#rangeOf = new Uint16Array(first)
    this.#ranges.forEach((range, index) => {
      this.#rangeOf.fill(index, range.first)
    })
  }

  /** The record's number, or -1 for one that was never fed. */
  numberOf({ topic, partition, offset }: RecordOrigin): number {
    const range = this.#byTopic.get(topic)?.[partition]
    if (range === undefined) return -1
    const number = range.first + offset
    return number < this.size && this.#ranges[this.#rangeOf[number] ?? -1] === range ? number : -1
  }

  /** Which fed partition it belongs to, by position. */
  partitionOf(number: number): number {
    return present(this.#rangeOf[number], `There is no input record ${number}.`)
  }

  /** For every fed partition, by position, the first number that these offsets do not cover. */
  limits(offsets: readonly RecordOrigin[]): number[] {
    return this.#ranges.map(({ topic, partition, first }) => {
      const found = offsets.find((o) => o.topic === topic && o.partition === partition)
      return first + (found?.offset ?? 0)
    })
  }

  nameOf(number: number): string {
    const { topic, partition, first } = present(
      this.#ranges[this.partitionOf(number)],
      `There is no input record ${number}.`,
    )
    return `${topic}/${partition}@${number - first}`
  }
}

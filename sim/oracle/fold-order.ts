/**
 * In which order a key's records were folded, as the committed output shows it. Each output names its input record, and
 * outputs of one key lie in one output partition in the order of the fold. The order must be an interleaving of the
 * orders of the input partitions; where it is not, that is a violation (T3).
 *
 * A record whose outputs are not to be seen (dropped behind the fold) leaves no evidence. It is placed as late as its
 * partition allows; if records of several partitions are concerned, the key's order is `uncertain` and its values are
 * not judged.
 */
import type { RecordOrigin } from '../../engine/trace.ts'
import type { OutputPartition } from '../history/history.ts'
import type { ModelRecord } from './reference-model.ts'

/** Where the first visible output of an input record stands. */
interface Place {
  readonly partition: number
  readonly index: number
}

export class FoldOrder {
  readonly #places = new Map<string, Place>()

  /** `outputs`: of the sinks that read this fold's results, directly or through operators without state. */
  constructor(outputs: readonly OutputPartition[]) {
    outputs.forEach(({ committed }, partition) => {
      committed.forEach(({ origins }, index) => {
        for (const origin of origins ?? []) {
          const name = originName(origin)
          if (!this.#places.has(name)) this.#places.set(name, { partition, index })
        }
      })
    })
  }

  /** Puts a key's records, given partition by partition in offset order, into the order of the fold. */
  arrange(records: readonly ModelRecord[]): { readonly ordered: readonly ModelRecord[]; readonly isUncertain: boolean } {
    const queues = new Map<string, ModelRecord[]>()
    for (const record of records) {
      const { topic, partition } = record.origin
      const name = `${topic}/${partition}`
      const queue = queues.get(name)
      if (queue === undefined) queues.set(name, [record])
      else queue.push(record)
    }
    if (queues.size <= 1) return { ordered: records, isUncertain: false }
    return this.#merge([...queues.values()])
  }

  #merge(queues: readonly (readonly ModelRecord[])[]): ReturnType<FoldOrder['arrange']> {
    // Each record carries the place of the next evidence in its own partition: it must come before that.
    const keyed: { readonly record: ModelRecord; readonly place: Place | null; readonly queue: number }[] = []
    const outputPartitions = new Set<number>()
    let withoutEvidence = false
    queues.forEach((queue, queueIndex) => {
      let next: Place | null = null
      for (const record of queue.toReversed()) {
        const own = this.#places.get(originName(record.origin))
        if (own === undefined) withoutEvidence = true
        else outputPartitions.add(own.partition)
        next = own ?? next
        keyed.push({ record, place: next, queue: queueIndex })
      }
    })
    keyed.reverse()
    const ordered = keyed
      .map((entry, position) => ({ ...entry, position }))
      .toSorted((a, b) => comparePlaces(a.place, b.place) || a.position - b.position)
      .map(({ record }) => record)
    return { ordered, isUncertain: withoutEvidence || outputPartitions.size > 1 }
  }
}

/** Records before any evidence come first by its place; records behind all evidence last. */
function comparePlaces(a: Place | null, b: Place | null): number {
  if (a === null || b === null) return (a === null ? 1 : 0) - (b === null ? 1 : 0)
  return a.partition - b.partition || a.index - b.index
}

export function originName({ topic, partition, offset }: RecordOrigin): string {
  return `${topic}/${partition}@${offset}`
}

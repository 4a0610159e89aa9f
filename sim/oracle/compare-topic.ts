/**
 * Compares what lies in an output topic with what the reference model expects there, record by record. Which output
 * stands for which input is told by its provenance; how many there may be, by what the sinks promise.
 */
import type { Delivery } from '../../engine/sink/sink-spec.ts'
import type { History, OutputPartition } from '../history/history.ts'
import type { OriginIndex } from './origin-index.ts'
import { sameValue } from './same-value.ts'
import type { Violations } from './violation.ts'

export interface ExpectedOutput {
  readonly origin: number
  readonly value: Uint8Array
}

export interface ExpectedTopic {
  readonly topic: string
  readonly outputs: readonly ExpectedOutput[]
  /** How many outputs a record has depends on values, and is a guess where they are. */
  readonly isVariable: boolean
}

interface Counts {
  readonly lost: number
  readonly duplicated: number
}

export interface TopicComparisonOptions {
  readonly history: History
  readonly origins: OriginIndex
  readonly violations: Violations
  /** Numbers of the records whose values are a guess. */
  readonly uncertain: ReadonlySet<number>
}

export function compareTopic(expected: ExpectedTopic, options: TopicComparisonOptions): Counts {
  return new TopicComparison(expected, options).run()
}

class TopicComparison {
  readonly #expected: ExpectedTopic
  readonly #sinks: string
  readonly #delivery: Delivery
  readonly #isStuck: boolean
  readonly #origins: OriginIndex
  readonly #violations: Violations
  readonly #uncertain: ReadonlySet<number>
  /** Values by the number of the input record. */
  readonly #visible = new Map<number, Uint8Array[]>()
  #lost = 0
  #duplicated = 0

  constructor(
    expected: ExpectedTopic,
    { history, origins, violations, uncertain }: TopicComparisonOptions,
  ) {
    const partitions = history.outputs.filter(({ topic }) => topic === expected.topic)
    this.#expected = expected
    this.#sinks = (partitions[0]?.sinks ?? []).map((sink) => `"${sink}"`).join(', ')
    this.#delivery = partitions[0]?.delivery ?? 'none'
    this.#isStuck = history.stuck !== null
    this.#origins = origins
    this.#violations = violations
    this.#uncertain = uncertain
    for (const partition of partitions) this.#readVisible(partition)
  }

  run(): Counts {
    const visible = this.#visible
    for (const [origin, values] of groupByOrigin(this.#expected.outputs)) {
      const found = visible.get(origin) ?? []
      visible.delete(origin)
      if (this.#isGuess(origin)) continue
      if (found.length < values.length && this.#delivery !== 'none') {
        // A run that did not come to rest has not finished its output: only what is there is judged.
        if (!this.#isStuck) this.#addLost(origin, found.length, values.length)
      } else if (found.length > values.length && this.#delivery === 'exactly-once') {
        this.#addDuplicated(origin, found.length, values.length)
      } else if (!this.#uncertain.has(origin)) {
        this.#compareValues(origin, values, found)
      }
    }
    for (const [origin, found] of visible) {
      if (!this.#isGuess(origin)) this.#addUnexpected(origin, found.length)
    }
    return { lost: this.#lost, duplicated: this.#duplicated }
  }

  #isGuess(origin: number): boolean {
    return this.#expected.isVariable && this.#uncertain.has(origin)
  }

  #addUnexpected(origin: number, found: number): void {
    this.#duplicated += found
    this.#violations.add(
      'T2',
      `Sink ${this.#sinks} has ${found} outputs of ${this.#origins.nameOf(origin)}, which should have none.`,
    )
  }

  #addLost(origin: number, found: number, expected: number): void {
    this.#lost += expected - found
    this.#violations.add(
      'T1',
      `The output of ${this.#origins.nameOf(origin)} in sink ${this.#sinks} is lost: ${found} of ${expected} are visible.`,
    )
  }

  #addDuplicated(origin: number, found: number, expected: number): void {
    this.#duplicated += found - expected
    this.#violations.add(
      'T2',
      `The output of ${this.#origins.nameOf(origin)} in sink ${this.#sinks} is there ${found} times instead of ${expected}.`,
    )
  }

  #compareValues(
    origin: number,
    values: readonly Uint8Array[],
    found: readonly Uint8Array[],
  ): void {
    const isRight =
      this.#delivery === 'exactly-once'
        ? isPermutation(values, found)
        : found.every((value) => values.some((other) => sameValue(value, other)))
    if (isRight) return
    this.#violations.add(
      'T4',
      `The output of ${this.#origins.nameOf(origin)} in sink ${this.#sinks} is not what the reference model gives.`,
    )
  }

  #readVisible({ topic, partition, committed }: OutputPartition): void {
    for (const { origins, offset, value } of committed) {
      const place = `Output ${topic}/${partition}@${offset} of sink ${this.#sinks}`
      if (origins === null) {
        this.#violations.add('T1', `${place} does not say which input it stands for.`)
        continue
      }
      for (const origin of origins) {
        const number = this.#origins.numberOf(origin)
        const list = this.#visible.get(number)
        if (number < 0) {
          this.#violations.add('T2', `${place} stands for a record that was never fed.`)
        } else if (list === undefined) this.#visible.set(number, [value])
        else list.push(value)
      }
    }
  }
}

/** Several outputs of one record may lie in several partitions, which have no common order. */
function isPermutation(expected: readonly Uint8Array[], found: readonly Uint8Array[]): boolean {
  const left = [...found]
  for (const value of expected) {
    const index = left.findIndex((candidate) => sameValue(candidate, value))
    if (index < 0) return false
    left.splice(index, 1)
  }
  return left.length === 0
}

function groupByOrigin(outputs: readonly ExpectedOutput[]): Map<number, Uint8Array[]> {
  const groups = new Map<number, Uint8Array[]>()
  for (const { origin, value } of outputs) {
    const group = groups.get(origin)
    if (group === undefined) groups.set(origin, [value])
    else group.push(value)
  }
  return groups
}

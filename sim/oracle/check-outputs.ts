/**
 * The output invariants: replays the job in the reference model and compares, record by record (T1 to T4); the state of
 * keyed operators on the way is check-fold.ts's (S1, S2). Sameness of outputs is decided by provenance, never by equal bytes.
 */
import type { StreamGraph, StreamNode } from '../../engine/job/stream-graph.ts'
import type { FedPartition, History, OutputPartition } from '../history/history.ts'
import { FoldCheck } from './check-fold.ts'
import { OriginIndex } from './origin-index.ts'
import { applyOperator, consumersOf, isBehind, isBehindFold } from './reference-model.ts'
import type { KeyState, ModelRecord } from './reference-model.ts'
import { sameValue } from './same-value.ts'
import type { Violations } from './violation.ts'

export interface OutputFindings {
  readonly expected: number
  readonly lost: number
  readonly duplicated: number
  /** Keys whose fold order the output does not show, so that their values were not judged. */
  readonly uncertainKeys: number
}

export class OutputCheck {
  readonly #graph: StreamGraph
  readonly #history: History
  readonly #violations: Violations
  readonly #origins: OriginIndex
  readonly #reordered: ReadonlySet<number>
  /** Expected outputs by sink uid. */
  readonly #expected = new Map<string, ModelRecord[]>()
  readonly #uncertain = new Set<number>()
  /** Operators at or behind a fold that emit more for some values than for others. */
  readonly #variable = new Set<number>()
  #uncertainKeys = 0

  /** `reordered`: ids of the operators whose input does not come in the order in which it was emitted. */
  constructor(
    graph: StreamGraph,
    history: History,
    violations: Violations,
    reordered: ReadonlySet<number>,
  ) {
    this.#reordered = reordered
    this.#graph = graph
    this.#history = history
    this.#violations = violations
    this.#origins = new OriginIndex(history.fed)
  }

  run(): OutputFindings {
    for (const node of this.#graph.nodes) {
      if (node.work.type !== 'source') continue
      const partitions = this.#history.fed.filter(({ source }) => source === node.uid)
      const records = partitions.flatMap((partition) => this.#sourceRecords(partition))
      this.#flow(node, new Map([[null, records]]))
    }
    let expected = 0
    let lost = 0
    let duplicated = 0
    for (const [sink, records] of this.#expected) {
      const found = this.#compare(sink, records)
      expected += records.length
      lost += found.lost
      duplicated += found.duplicated
    }
    return { expected, lost, duplicated, uncertainKeys: this.#uncertainKeys }
  }

  /** The source's output for one fed partition. */
  #sourceRecords({ records }: FedPartition): ModelRecord[] {
    return records.map((record) => ({
      value: record,
      origin: this.#origins.numberOf(record),
      timestamp: record.timestamp,
    }))
  }

  #flow(node: StreamNode, outputs: ReadonlyMap<string | null, readonly ModelRecord[]>): void {
    for (const [tag, records] of outputs) {
      for (const consumer of consumersOf(this.#graph, node, tag)) this.#evaluate(consumer, records)
    }
  }

  #evaluate(node: StreamNode, records: readonly ModelRecord[]): void {
    if (node.work.type === 'source') return
    const { operator } = node.work
    const outputs = new Map<string | null, ModelRecord[]>()
    const fanOuts = new Set<string>()
    const run = (record: ModelRecord, key: unknown, state: KeyState): void => {
      let fanOut = ''
      applyOperator(node, operator, record, key, state, (tag, value) => {
        fanOut += `${tag ?? ''},`
        const list = outputs.get(tag)
        const output = { value, origin: record.origin, timestamp: record.timestamp }
        if (list === undefined) outputs.set(tag, [output])
        else list.push(output)
      })
      fanOuts.add(fanOut)
    }
    const keySelector = node.inputs[0]?.keySelector ?? null
    if (keySelector === null) {
      const none: KeyState = new Map()
      for (const record of records) run(record, undefined, none)
    } else {
      const check = new FoldCheck(
        {
          graph: this.#graph,
          node,
          history: this.#history,
          reordered: this.#reordered,
          isInputUncertain:
            isBehindFold(this.#graph, node) &&
            records.some(({ origin }) => this.#uncertain.has(origin)),
        },
        this.#origins,
        this.#violations,
      )
      check.run(records, keySelector, run)
      this.#uncertainKeys += check.uncertainKeys
      for (const origin of check.uncertain) this.#uncertain.add(origin)
    }
    const isFolded = keySelector !== null || isBehindFold(this.#graph, node)
    if (isFolded && fanOuts.size > 1) this.#variable.add(node.id)
    if (operator.type === 'sink') {
      if (operator.sink.type === 'kafka') this.#expect(node.uid, outputs.get(null) ?? [])
      return
    }
    this.#flow(node, outputs)
  }

  #expect(sink: string, records: readonly ModelRecord[]): void {
    this.#expected.set(sink, [...(this.#expected.get(sink) ?? []), ...records])
  }

  #compare(sink: string, expected: readonly ModelRecord[]): { lost: number; duplicated: number } {
    const node = this.#graph.nodes.find(({ uid }) => uid === sink)
    const encode = encoderOf(node)
    const visible = visibleByOrigin(
      this.#history.outputs.filter((output) => output.sink === sink),
      this.#origins,
      this.#violations,
    )
    // How many outputs a record has is a guess where its value is one and decides about that.
    const isVariable = node !== undefined && isBehind(this.#graph, node, this.#variable)
    const isGuess = (origin: number): boolean => isVariable && this.#uncertain.has(origin)
    let lost = 0
    let duplicated = 0
    for (const [origin, values] of groupByOrigin(expected)) {
      const found = visible.get(origin) ?? []
      visible.delete(origin)
      if (isGuess(origin)) continue
      if (found.length < values.length) {
        // A run that did not come to rest has not finished its output: only what is there is judged.
        if (this.#history.stuck !== null) continue
        lost += values.length - found.length
        this.#violations.add(
          'T1',
          `The output of ${this.#origins.nameOf(origin)} in sink "${sink}" is lost: ${found.length} of ${values.length} are visible.`,
        )
      } else if (found.length > values.length) {
        duplicated += found.length - values.length
        this.#violations.add(
          'T2',
          `The output of ${this.#origins.nameOf(origin)} in sink "${sink}" is there ${found.length} times instead of ${values.length}.`,
        )
      } else if (!this.#uncertain.has(origin)) {
        this.#compareValues(sink, origin, values.map(encode), found)
      }
    }
    for (const [origin, found] of visible) {
      if (isGuess(origin)) continue
      duplicated += found.length
      this.#violations.add(
        'T2',
        `Sink "${sink}" has ${found.length} outputs of ${this.#origins.nameOf(origin)}, which should have none.`,
      )
    }
    return { lost, duplicated }
  }

  #compareValues(
    sink: string,
    origin: number,
    expected: readonly Uint8Array[],
    found: readonly Uint8Array[],
  ): void {
    if (isPermutation(expected, found)) return
    this.#violations.add(
      'T4',
      `The output of ${this.#origins.nameOf(origin)} in sink "${sink}" is not what the reference model gives.`,
    )
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

function encoderOf(node: StreamNode | undefined): (record: ModelRecord) => Uint8Array {
  if (node?.work.type !== 'operator' || node.work.operator.type !== 'sink')
    return () => new Uint8Array(0)
  const { sink } = node.work.operator
  return ({ value }) => (sink.type === 'kafka' ? sink.value.encode(value) : new Uint8Array(0))
}

function groupByOrigin(records: readonly ModelRecord[]): Map<number, ModelRecord[]> {
  const groups = new Map<number, ModelRecord[]>()
  for (const record of records) {
    const group = groups.get(record.origin)
    if (group === undefined) groups.set(record.origin, [record])
    else group.push(record)
  }
  return groups
}

function visibleByOrigin(
  outputs: readonly OutputPartition[],
  numbers: OriginIndex,
  violations: Violations,
): Map<number, Uint8Array[]> {
  const visible = new Map<number, Uint8Array[]>()
  for (const { sink, topic, partition, committed } of outputs) {
    for (const { origins, offset, value } of committed) {
      if (origins === null) {
        violations.add(
          'T1',
          `Output ${topic}/${partition}@${offset} of sink "${sink}" does not say which input it stands for.`,
        )
        continue
      }
      for (const origin of origins) {
        const number = numbers.numberOf(origin)
        const list = visible.get(number)
        if (number < 0) {
          violations.add(
            'T2',
            `Output ${topic}/${partition}@${offset} of sink "${sink}" stands for a record that was never fed.`,
          )
        } else if (list === undefined) visible.set(number, [value])
        else list.push(value)
      }
    }
  }
  return visible
}

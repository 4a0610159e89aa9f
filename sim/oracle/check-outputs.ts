/**
 * The output and state invariants: replays the job in the reference model and compares, record by record (T1 to T4) and
 * checkpoint by checkpoint (S1, S2). Sameness of outputs is decided by provenance, never by equal bytes.
 */
import type { StreamGraph, StreamNode } from '../../engine/job/stream-graph.ts'
import type {
  CheckpointRecord,
  FedPartition,
  History,
  OutputPartition,
} from '../history/history.ts'
import { FoldOrder } from './fold-order.ts'
import { OriginIndex } from './origin-index.ts'
import { applyOperator, consumersOf, isBehindFold, sinksBehind } from './reference-model.ts'
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
  /** Expected outputs by sink uid. */
  readonly #expected = new Map<string, ModelRecord[]>()
  readonly #uncertain = new Set<number>()
  #uncertainKeys = 0

  constructor(graph: StreamGraph, history: History, violations: Violations) {
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
    const run = (record: ModelRecord, key: unknown, state: KeyState): void => {
      applyOperator(node, operator, record, key, state, (tag, value) => {
        const list = outputs.get(tag)
        const output = { ...record, value }
        if (list === undefined) outputs.set(tag, [output])
        else list.push(output)
      })
    }
    if (node.keySelector === null) {
      const none: KeyState = new Map()
      for (const record of records) run(record, undefined, none)
    } else {
      this.#fold(node, records, node.keySelector, run)
    }
    if (operator.type === 'sink') {
      if (operator.sink.type === 'kafka') this.#expect(node.uid, outputs.get(null) ?? [])
      return
    }
    this.#flow(node, outputs)
  }

  /** Key by key, in the order of the fold, with the state compared at every checkpoint on the way. */
  #fold(
    node: StreamNode,
    records: readonly ModelRecord[],
    keySelector: (value: unknown) => unknown,
    run: (record: ModelRecord, key: unknown, state: KeyState) => void,
  ): void {
    const perKey = new Map<unknown, ModelRecord[]>()
    for (const record of records) {
      const key = keySelector(record.value)
      const list = perKey.get(key)
      if (list === undefined) perKey.set(key, [record])
      else list.push(record)
    }
    const isInputOrder = !isBehindFold(this.#graph, node)
    const sinks = sinksBehind(this.#graph, node)
    const order = new FoldOrder(
      this.#history.outputs.filter(({ sink }) => sinks.has(sink)),
      this.#origins,
    )
    const cuts = this.#history.checkpoints.map(
      (checkpoint) => new Cut(checkpoint, node, this.#origins),
    )
    for (const [key, unordered] of perKey) {
      const { ordered, isUncertain, inverted } = order.arrange(unordered, isInputOrder)
      if (inverted !== null) {
        this.#violations.add(
          'T3',
          `The output of ${this.#origins.nameOf(inverted.origin)} (key ${show(key)}) came out before that of an ` +
            'earlier record of the same key and partition.',
        )
      }
      if (isUncertain) {
        this.#uncertainKeys += 1
        for (const { origin } of ordered) this.#uncertain.add(origin)
      }
      const state: KeyState = new Map()
      let done = 0
      for (const cut of cuts) {
        while (done < ordered.length) {
          const record = ordered[done]
          if (record === undefined || !cut.covers(record.origin)) break
          run(record, key, state)
          done += 1
        }
        this.#checkCut(cut, node, key, state, isUncertain, ordered.slice(done))
      }
      for (const record of ordered.slice(done)) run(record, key, state)
    }
    for (const cut of cuts) this.#checkStrangers(cut, perKey)
  }

  #checkCut(
    cut: Cut,
    node: StreamNode,
    key: unknown,
    state: KeyState,
    isUncertain: boolean,
    rest: readonly ModelRecord[],
  ): void {
    const { checkpoint, seq } = cut.record
    const behind = rest.find(({ origin }) => cut.covers(origin))
    if (behind !== undefined && !isUncertain) {
      const [first] = rest
      this.#violations.add(
        'S2',
        `Checkpoint ${checkpoint} covers ${this.#origins.nameOf(behind.origin)} but not ` +
          `${first === undefined ? 'its predecessor' : this.#origins.nameOf(first.origin)}, which was folded before it.`,
        seq,
      )
      return
    }
    for (const [name, value] of state) {
      if (name === '' || isUncertain) continue
      const stored = cut.valueOf(name, key)
      if (sameValue(stored, value)) continue
      this.#violations.add(
        'S1',
        `At checkpoint ${checkpoint} the state "${name}" of key ${show(key)} in "${node.uid}" is ` +
          `${show(stored)}, the fold of the records before the cut gives ${show(value)}.`,
        seq,
      )
    }
  }

  /** Keys in a snapshot that no record of the input has. */
  #checkStrangers(cut: Cut, perKey: ReadonlyMap<unknown, unknown>): void {
    for (const key of cut.keys) {
      if (perKey.has(key) || typeof key === 'object') continue
      this.#violations.add(
        'S1',
        `Checkpoint ${cut.record.checkpoint} has state for key ${show(key)}, which is in no record.`,
        cut.record.seq,
      )
    }
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
    let lost = 0
    let duplicated = 0
    for (const [origin, values] of groupByOrigin(expected)) {
      const found = visible.get(origin) ?? []
      visible.delete(origin)
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
    const isSame = expected.every((value, index) => sameValue(found[index], value))
    if (isSame) return
    this.#violations.add(
      'T4',
      `The output of ${this.#origins.nameOf(origin)} in sink "${sink}" is not what the reference model gives.`,
    )
  }
}

/** One checkpoint, as far as one operator's state and the offsets are concerned. */
class Cut {
  readonly record: CheckpointRecord
  readonly #origins: OriginIndex
  /** By input partition, the first record that is not covered. */
  readonly #limits: readonly number[]
  readonly #values = new Map<string, Map<unknown, unknown>>()

  constructor(record: CheckpointRecord, node: StreamNode, origins: OriginIndex) {
    this.record = record
    this.#origins = origins
    this.#limits = origins.limits(record.offsets)
    for (const { vertex, state, entries } of record.states) {
      if (vertex !== node.uid) continue
      const values = this.#values.get(state) ?? new Map<unknown, unknown>()
      for (const { key, value } of entries) values.set(key, value)
      this.#values.set(state, values)
    }
  }

  covers(origin: number): boolean {
    return origin < (this.#limits[this.#origins.partitionOf(origin)] ?? 0)
  }

  valueOf(state: string, key: unknown): unknown {
    return this.#values.get(state)?.get(key)
  }

  get keys(): Set<unknown> {
    const keys = new Set<unknown>()
    for (const values of this.#values.values()) for (const key of values.keys()) keys.add(key)
    return keys
  }
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

function show(value: unknown): string {
  return value === undefined ? 'absent' : JSON.stringify(value)
}

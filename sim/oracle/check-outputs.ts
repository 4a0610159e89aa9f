/**
 * The output invariants: replays the job in the reference model and compares, record by record (T1 to T4); the state of
 * keyed operators on the way is check-fold.ts's (S1, S2). Sameness of outputs is decided by provenance, never by equal
 * bytes. What the model does not interpret, and what stands behind it, is left to others: see `uninterpreted`.
 */
import { InvariantViolation } from '../../engine/assert.ts'
import { describeError } from '../../engine/errors.ts'
import { edgesInto } from '../../engine/job/stream-graph.ts'
import type { StreamGraph, StreamNode } from '../../engine/job/stream-graph.ts'
import type { WatermarkStrategy } from '../../engine/time/watermark-strategy.ts'
import type { FedPartition, History } from '../history/history.ts'
import { FoldCheck } from './check-fold.ts'
import type { OperatorSpec } from '../../engine/operator/operator-spec.ts'
import type { KafkaSinkSpec } from '../../engine/sink/sink-spec.ts'
import type { KeyState } from './model-states.ts'
import { NotInterpreted } from './not-interpreted.ts'
import { OriginIndex } from './origin-index.ts'
import type { OutputFindings } from './output-findings.ts'
import { applyOperator, canInterpret, isBehind, isBehindFold } from './reference-model.ts'
import type { ModelRecord } from './reference-model.ts'
import { compareTopic } from './compare-topic.ts'
import type { ExpectedTopic } from './compare-topic.ts'
import { Violations } from './violation.ts'

/** What an operator emits, by side output; null is the main one. */
type Outputs = ReadonlyMap<string | null, readonly ModelRecord[]>

/** What a tombstone holds. */
const NOTHING = new Uint8Array(0)

export interface OutputCheckOptions {
  readonly graph: StreamGraph
  readonly history: History
  readonly violations: Violations
  /** Ids of the operators whose input does not come in the order in which it was emitted. */
  readonly reordered: ReadonlySet<number>
  /** Then there are only final results, and none of them is interpreted. */
  readonly isBatch: boolean
}

export class OutputCheck {
  readonly #graph: StreamGraph
  readonly #history: History
  readonly #violations: Violations
  readonly #origins: OriginIndex
  readonly #reordered: ReadonlySet<number>
  readonly #isBatch: boolean
  /** By node; null for what the model does not interpret and for everything behind it. */
  readonly #outputs = new Map<number, Outputs | null>()
  /** By topic; null where a sink that writes to it is not interpreted. */
  readonly #expected = new Map<string, ExpectedTopic | null>()
  readonly #uncertain = new Set<number>()
  /** Operators at or behind a fold that emit more for some values than for others. */
  readonly #variable = new Set<number>()
  #uncertainKeys = 0

  constructor({ graph, history, violations, reordered, isBatch }: OutputCheckOptions) {
    this.#reordered = reordered
    this.#isBatch = isBatch
    this.#graph = graph
    this.#history = history
    this.#violations = violations
    this.#origins = new OriginIndex(history.fed)
  }

  run(): OutputFindings {
    for (const node of this.#graph.nodes) this.#outputs.set(node.id, this.#visit(node))
    let expected = 0
    let lost = 0
    let duplicated = 0
    for (const topic of this.#expected.values()) {
      if (topic === null) continue
      const found = compareTopic(topic, {
        history: this.#history,
        origins: this.#origins,
        violations: this.#violations,
        uncertain: this.#uncertain,
      })
      expected += topic.outputs.length
      lost += found.lost
      duplicated += found.duplicated
    }
    return { expected, lost, duplicated, uncertainKeys: this.#uncertainKeys, unjudged: [] }
  }

  /** Topics whose right content the model does not know. */
  get uninterpretedTopics(): ReadonlySet<string> {
    const topics = [...this.#expected].filter(([, expected]) => expected === null)
    return new Set(topics.map(([topic]) => topic))
  }

  /** Uids of the operators whose state the model does not know. */
  get uninterpretedOperators(): ReadonlySet<string> {
    const nodes = this.#graph.nodes.filter(({ id }) => this.#outputs.get(id) === null)
    return new Set(nodes.map(({ uid }) => uid))
  }

  /** The model calls the user's functions, which may throw, as they did in the job. */
  #visit(node: StreamNode): Outputs | null {
    const sink = findKafkaSink(node)
    try {
      const outputs = this.#interpret(node)
      if (sink !== null) this.#expect(node, sink, outputs?.get(null) ?? null)
      return outputs
    } catch (error) {
      if (error instanceof InvariantViolation) throw error
      // A job that cannot get past such a record is stuck, and that is its verdict.
      if (!(error instanceof NotInterpreted) && this.#history.stuck === null) {
        const message = `A function of the job threw in the reference model, not in the run: ${describeError(error)}.`
        this.#violations.add('T4', message)
      }
      if (sink !== null) this.#expected.set(sink.topic, null)
      return null
    }
  }

  /** `records`: what the sink gets; null when that is not known. Several sinks may write to one topic. */
  #expect(node: StreamNode, sink: KafkaSinkSpec, records: readonly ModelRecord[] | null): void {
    const { topic } = sink
    const former = this.#expected.get(topic)
    if (records === null || former === null) {
      this.#expected.set(topic, null)
      return
    }
    const own = records.map(({ value, origin }) => ({
      origin,
      value: sink.isDeleted?.(value) === true ? NOTHING : sink.value.encode(value),
    }))
    this.#expected.set(topic, {
      topic,
      outputs: [...(former?.outputs ?? []), ...own],
      isVariable: former?.isVariable === true || isBehind(this.#graph, node, this.#variable),
    })
  }

  #interpret(node: StreamNode): Outputs | null {
    if (this.#isBatch || !canInterpret(node)) return null
    const inputs = edgesInto(node).map(({ from, tag }) => {
      const outputs = this.#outputs.get(from) ?? null
      return outputs === null ? null : (outputs.get(tag) ?? [])
    })
    if (inputs.includes(null)) return null
    if (node.work.type === 'source') return this.#read(node, node.work.watermarks)
    const records = inputs.flatMap((input) => input ?? [])
    return this.#evaluate(node, node.work.operator, records)
  }

  #read(node: StreamNode, watermarks: WatermarkStrategy<unknown> | null): Outputs {
    const partitions = this.#history.fed.filter(({ source }) => source === node.uid)
    const records = partitions.flatMap((partition) => this.#sourceRecords(partition, watermarks))
    return new Map([[null, records]])
  }

  #sourceRecords(
    { records }: FedPartition,
    watermarks: WatermarkStrategy<unknown> | null,
  ): ModelRecord[] {
    return records.map((record) => ({
      value: record,
      origin: this.#origins.numberOf(record),
      timestamp: timestampOf(watermarks, record, record.timestamp),
    }))
  }

  #evaluate(node: StreamNode, operator: OperatorSpec, records: readonly ModelRecord[]): Outputs {
    const outputs = new Map<string | null, ModelRecord[]>()
    const strategy = operator.type === 'assign-watermarks' ? operator.strategy : null
    const fanOuts = new Set<string>()
    const run = (record: ModelRecord, key: unknown, state: KeyState): void => {
      let fanOut = ''
      const timestamp = timestampOf(strategy, record.value, record.timestamp)
      applyOperator(node, operator, record, key, state, (tag, value) => {
        fanOut += `${tag ?? ''},`
        const list = outputs.get(tag)
        const output = { value, origin: record.origin, timestamp }
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
      this.#fold(node, records, keySelector, run)
    }
    const isFolded = keySelector !== null || isBehindFold(this.#graph, node)
    if (isFolded && fanOuts.size > 1) this.#variable.add(node.id)
    return outputs
  }

  #fold(
    node: StreamNode,
    records: readonly ModelRecord[],
    keySelector: (value: unknown) => unknown,
    run: (record: ModelRecord, key: unknown, state: KeyState) => void,
  ): void {
    // Of its own: what was found before the function turned out to be uninterpreted counts for nothing.
    const violations = new Violations()
    const check = new FoldCheck(
      {
        graph: this.#graph,
        node,
        history: this.#history,
        reordered: this.#reordered,
        isInputUncertain:
          isBehindFold(this.#graph, node) &&
          records.some(({ origin }) => this.#uncertain.has(origin)),
        isOrderUncertain: edgesInto(node).length > 1,
      },
      this.#origins,
      violations,
    )
    check.run(records, keySelector, run)
    this.#violations.addAll(violations)
    this.#uncertainKeys += check.uncertainKeys
    for (const origin of check.uncertain) this.#uncertain.add(origin)
  }
}

function findKafkaSink({ work }: StreamNode): KafkaSinkSpec | null {
  if (work.type === 'source' || work.operator.type !== 'sink') return null
  const { sink } = work.operator
  return sink.type === 'kafka' ? sink : null
}

function timestampOf(
  strategy: WatermarkStrategy<unknown> | null,
  value: unknown,
  timestamp: number,
): number {
  return strategy?.timestampAssigner?.(value, timestamp) ?? timestamp
}

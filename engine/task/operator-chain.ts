/**
 * The operators of one subtask and the wiring between them: a chained operator is called directly, a record for another
 * vertex goes to a record writer, a side output that nobody reads is dropped.
 */
import { present } from '../assert.ts'
import type { OperatorHandle } from '../checkpoint/snapshot-handle.ts'
import type { CheckpointId } from '../ids.ts'
import type { RecordWriter } from '../exchange/record-writer.ts'
import type { JobVertex } from '../job/job-graph.ts'
import type { StreamNode } from '../job/stream-graph.ts'
import { createOperator } from '../operator/create-operator.ts'
import type {
  Collector,
  Operator,
  OperatorContext,
  ProvenanceTracker,
} from '../operator/operator.ts'
import { createSource } from '../source/create-source.ts'
import type { SourceReader } from '../source/source-reader.ts'

type AnyOperator = Operator | SourceReader

/** What every operator of the subtask is given, apart from its own name and outputs. */
export type SharedContext = Omit<OperatorContext, 'uid' | 'name' | 'output' | 'keyedState'> & {
  readonly keyedState: OperatorContext['keyedState']
}

export class OperatorChain {
  /** The head reads: from channels, or from outside. */
  readonly head:
    | { readonly type: 'operator'; readonly operator: Operator }
    | { readonly type: 'source'; readonly reader: SourceReader }
  /** Head first. */
  readonly #operators: AnyOperator[] = []
  readonly #byNode = new Map<number, Operator>()
  readonly #vertex: JobVertex
  readonly #writers: readonly RecordWriter[]
  readonly #provenance: ProvenanceTracker

  constructor(vertex: JobVertex, writers: readonly RecordWriter[], shared: SharedContext) {
    this.#vertex = vertex
    this.#writers = writers
    this.#provenance = shared.provenance
    // Tail first, so that an operator's collectors find their consumers.
    for (const node of vertex.nodes.toReversed().slice(0, -1)) {
      const operator = this.#create(node, shared)
      this.#byNode.set(node.id, operator)
      this.#operators.unshift(operator)
    }
    const head = present(vertex.nodes[0], `Vertex ${vertex.id} has no operator.`)
    this.head =
      head.work.type === 'source'
        ? { type: 'source', reader: createSource(head.work.source, this.#contextOf(head, shared)) }
        : { type: 'operator', operator: this.#create(head, shared) }
    this.#operators.unshift(this.head.type === 'source' ? this.head.reader : this.head.operator)
  }

  /** False while an operator or a channel cannot take another record. */
  get isAvailable(): boolean {
    for (const operator of this.#operators) if (operator.isAvailable === false) return false
    for (const writer of this.#writers) if (!writer.isAvailable) return false
    return true
  }

  get headToTail(): readonly AnyOperator[] {
    return this.#operators
  }

  get tailToHead(): readonly AnyOperator[] {
    return this.#operators.toReversed()
  }

  /** Opens tail first, so that a committer commits before its writer opens (flink-semantics.md 3.5). */
  open(restored: readonly OperatorHandle[], restoredFrom: CheckpointId | null): void {
    for (const operator of this.tailToHead) {
      const handle = restored.find(({ uid }) => uid === operator.uid)
      operator.open?.(handle?.operatorState ?? [], restoredFrom)
    }
  }

  close(): void {
    for (const operator of this.tailToHead) operator.close?.()
  }

  #create(node: StreamNode, shared: SharedContext): Operator {
    const { work } = node
    if (work.type === 'source') throw new TypeError(`Source ${node.uid} cannot be chained.`)
    return createOperator(work.operator, this.#contextOf(node, shared))
  }

  #contextOf(node: StreamNode, shared: SharedContext): OperatorContext {
    return {
      ...shared,
      uid: node.uid,
      name: node.name,
      keyedState: node.keySelector === null ? null : shared.keyedState,
      output: (tag) => this.#collector(node, tag),
    }
  }

  #collector(node: StreamNode, tag: string | null): Collector {
    const collectors: Collector[] = []
    for (const consumer of this.#vertex.nodes) {
      if (consumer.input?.from !== node.id || consumer.input.tag !== tag) continue
      const operator = this.#byNode.get(consumer.id)
      if (operator !== undefined) collectors.push(new ChainedCollector(operator))
    }
    for (const edge of this.#vertex.outputs) {
      if (edge.fromNode !== node.id || edge.tag !== tag) continue
      const writer = present(
        this.#writers[edge.index],
        `Vertex ${node.uid} has no writer ${edge.index}.`,
      )
      collectors.push(new WritingCollector(writer, this.#provenance))
    }
    const [only] = collectors
    return collectors.length === 1 && only !== undefined ? only : new FanOutCollector(collectors)
  }
}

class ChainedCollector implements Collector {
  readonly #operator: Operator
  constructor(operator: Operator) {
    this.#operator = operator
  }
  emit(value: unknown, timestamp: number): void {
    this.#operator.process(value, timestamp)
  }
}

class WritingCollector implements Collector {
  readonly #writer: RecordWriter
  readonly #provenance: ProvenanceTracker
  constructor(writer: RecordWriter, provenance: ProvenanceTracker) {
    this.#writer = writer
    this.#provenance = provenance
  }
  emit(value: unknown, timestamp: number): void {
    this.#writer.write(value, timestamp, this.#provenance.current)
  }
}

/** Several consumers, or none. */
class FanOutCollector implements Collector {
  readonly #collectors: readonly Collector[]
  constructor(collectors: readonly Collector[]) {
    this.#collectors = collectors
  }
  emit(value: unknown, timestamp: number): void {
    for (const collector of this.#collectors) collector.emit(value, timestamp)
  }
}

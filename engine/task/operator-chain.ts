/**
 * The operators of one subtask and the wiring between them: a chained operator is called directly, a record for another
 * vertex goes to a record writer, a side output that nobody reads is dropped. Watermarks go to every consumer, of side
 * outputs too.
 */
import { present } from '../assert.ts'
import type { OperatorHandle } from '../checkpoint/snapshot-handle.ts'
import { freezeRecord } from '../exchange/freeze-record.ts'
import type { RecordWriter } from '../exchange/record-writer.ts'
import type { CheckpointId } from '../ids.ts'
import type { JobVertex } from '../job/job-graph.ts'
import { edgesInto, isKeyed } from '../job/stream-graph.ts'
import type { StreamNode } from '../job/stream-graph.ts'
import type {
  Collector,
  Operator,
  OperatorContext,
  ProvenanceTracker,
} from '../operator/operator.ts'
import { KeyedTimerService } from '../operator/timer-service.ts'
import { createSource } from '../source/create-source.ts'
import type { SourceReader } from '../source/source-reader.ts'
import { ChainLink } from './chain-link.ts'
import type { ControlTarget } from './chain-link.ts'
import { createOperator } from './create-operator.ts'

type AnyOperator = Operator | SourceReader

/** What the operators of a subtask share; the rest of an OperatorContext is each one's own. */
export type SharedContext = Omit<
  OperatorContext,
  | 'uid'
  | 'name'
  | 'output'
  | 'currentWatermark'
  | 'processingTime'
  | 'emitWatermark'
  | 'emitStatus'
  | 'timers'
> & {
  /** Records that leave the chain, or have several consumers, must not be changed any more. Default: nobody looks. */
  readonly isStrict?: boolean
}

/** Where the side output of that tag goes when the job does not read it; null drops it. */
export type UnreadOutput = (tag: string) => Collector | null

export class OperatorChain {
  /** The head reads: from channels, or from outside. */
  readonly head:
    | { readonly type: 'operator'; readonly operator: Operator; readonly link: ChainLink }
    | { readonly type: 'source'; readonly reader: SourceReader; readonly link: ChainLink }
  /** Head first. */
  readonly #operators: AnyOperator[] = []
  readonly #byNode = new Map<number, { readonly operator: Operator; readonly link: ChainLink }>()
  readonly #vertex: JobVertex
  readonly #writers: readonly RecordWriter[]
  readonly #provenance: ProvenanceTracker
  readonly #isStrict: boolean
  #haveTimersResumed = false
  #isSuspended = false
  readonly #unread: UnreadOutput

  /** `unread` takes what operators emit to side outputs that nobody reads; by default it is dropped. */
  constructor(
    vertex: JobVertex,
    writers: readonly RecordWriter[],
    shared: SharedContext,
    unread: UnreadOutput = () => null,
  ) {
    this.#unread = unread
    this.#isStrict = shared.isStrict === true
    this.#vertex = vertex
    this.#writers = writers
    this.#provenance = shared.provenance
    // Tail first, so that an operator's collectors find their consumers.
    for (const node of vertex.nodes.toReversed().slice(0, -1)) {
      const { operator, link } = this.#create(node, shared)
      this.#byNode.set(node.id, { operator, link })
      this.#operators.unshift(operator)
    }
    const head = present(vertex.nodes[0], `Vertex ${vertex.id} has no operator.`)
    if (head.work.type === 'source') {
      const link = new ChainLink(head.uid)
      const reader = createSource(head.work, this.#contextOf(head, shared, link))
      link.attach(reader, this.#controlTargets(head))
      this.head = { type: 'source', reader, link }
      this.#operators.unshift(reader)
    } else {
      const { operator, link } = this.#create(head, shared)
      this.head = { type: 'operator', operator, link }
      this.#operators.unshift(operator)
    }
  }

  /** False while an operator or a channel cannot take another record. */
  get isAvailable(): boolean {
    if (this.#isSuspended) return false
    for (const operator of this.#operators) if (operator.isAvailable === false) return false
    for (const writer of this.#writers) if (!writer.isAvailable) return false
    return true
  }

  /** Takes no record and fires no timer any more. */
  suspend(): void {
    this.#isSuspended = true
  }

  /** Processing-time timers became due while the chain was not available. */
  get hasHeldTimers(): boolean {
    return this.head.link.timers?.isHeldBack === true
  }

  /** Fires them; not in two turns one after the other, so that the input does not starve behind them. */
  resumeTimers(): void {
    const isTurn = this.hasHeldTimers && !this.#haveTimersResumed
    this.#haveTimersResumed = isTurn
    if (!isTurn) return
    if (this.#provenance.isOn) this.#provenance.current = []
    this.head.link.timers?.resume()
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
    this.head.link.timers?.open()
  }

  close(): void {
    for (const operator of this.tailToHead) operator.close?.()
  }

  #create(
    node: StreamNode,
    shared: SharedContext,
  ): { readonly operator: Operator; readonly link: ChainLink } {
    const { work } = node
    if (work.type === 'source') throw new TypeError(`Source ${node.uid} cannot be chained.`)
    const link = new ChainLink(node.uid)
    const operator = createOperator(work.operator, this.#contextOf(node, shared, link))
    link.attach(operator, this.#controlTargets(node))
    return { operator, link }
  }

  #contextOf(node: StreamNode, shared: SharedContext, link: ChainLink): OperatorContext {
    const keyedState = isKeyed(node) ? shared.keyedState : null
    const processingTime = (): number => Math.floor(shared.runtime.now())
    return {
      ...shared,
      uid: node.uid,
      name: node.name,
      keyedState,
      output: (tag) => this.#collector(node, tag),
      get currentWatermark() {
        return link.currentWatermark
      },
      processingTime,
      emitWatermark: (watermark) => {
        link.emitWatermark(watermark)
      },
      emitStatus: (isIdle) => {
        link.emitStatus(isIdle)
      },
      timers: (target) => {
        const { schedule, cancel, runtimeMode, mutants } = shared
        const state = present(
          keyedState,
          `The operator "${node.uid}" has no keyed state for timers.`,
        )
        const mayFire = (): boolean => this.isAvailable
        const ports = {
          state,
          schedule,
          cancel,
          processingTime,
          runtimeMode,
          mutants,
          mayFire,
        }
        link.timers = new KeyedTimerService(target, ports)
        return link.timers
      },
    }
  }

  #consumers(node: StreamNode): StreamNode[] {
    return this.#vertex.nodes.filter((other) =>
      edgesInto(other).some(({ from }) => from === node.id),
    )
  }

  #controlTargets(node: StreamNode): ControlTarget[] {
    const links = this.#consumers(node).flatMap(({ id }) => this.#byNode.get(id)?.link ?? [])
    const edges = this.#vertex.outputs.filter(({ fromNode }) => fromNode === node.id)
    return [...links, ...edges.map(({ index }) => new EdgeTarget(this.#writer(node, index)))]
  }

  #collector(node: StreamNode, tag: string | null): Collector {
    const collectors: Collector[] = []
    for (const consumer of this.#consumers(node)) {
      const chained = this.#byNode.get(consumer.id)
      if (chained === undefined || edgesInto(consumer)[0]?.tag !== tag) continue
      collectors.push(new ChainedCollector(chained.operator))
    }
    for (const edge of this.#vertex.outputs) {
      if (edge.fromNode !== node.id || edge.tag !== tag) continue
      collectors.push(new WritingCollector(this.#writer(node, edge.index), this.#provenance))
    }
    const unread = tag === null || collectors.length > 0 ? null : this.#unread(tag)
    if (unread !== null) return unread
    const [only] = collectors
    const isOwn = !this.#isStrict || only instanceof ChainedCollector
    if (collectors.length === 1 && only !== undefined && isOwn) return only
    return new FanOutCollector(collectors, this.#isStrict && collectors.length > 0)
  }

  #writer(node: StreamNode, index: number): RecordWriter {
    return present(this.#writers[index], `Vertex ${node.uid} has no writer ${index}.`)
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

/** Several consumers, or none; in a strict run also a single one that is not of this chain. */
class FanOutCollector implements Collector {
  readonly #collectors: readonly Collector[]
  readonly #isStrict: boolean
  constructor(collectors: readonly Collector[], isStrict: boolean) {
    this.#collectors = collectors
    this.#isStrict = isStrict
  }
  emit(value: unknown, timestamp: number): void {
    if (this.#isStrict) freezeRecord(value)
    for (const collector of this.#collectors) collector.emit(value, timestamp)
  }
}

class EdgeTarget implements ControlTarget {
  readonly #writer: RecordWriter
  constructor(writer: RecordWriter) {
    this.#writer = writer
  }
  watermark(timestamp: number): void {
    this.#writer.broadcast({ type: 'watermark', timestamp })
  }
  status(isIdle: boolean): void {
    this.#writer.broadcast({ type: 'watermark-status', isIdle })
  }
}

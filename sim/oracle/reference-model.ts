/**
 * The reference model: what a job means, without threads, partitions, checkpoints or the engine. It interprets the
 * stream graph on lists; state is a Map per key. Shares the user's functions with the engine and nothing else.
 * The order in which a key's records are folded is not the model's to choose: it is given (see fold-order.ts).
 */
import { edgesInto, isKeyed } from '../../engine/job/stream-graph.ts'
import type { StreamGraph, StreamNode } from '../../engine/job/stream-graph.ts'
import type { KeyedStates, Timers } from '../../engine/operator/functions.ts'
import type { OperatorSpec } from '../../engine/operator/operator-spec.ts'
import type { ValueStateDescriptor } from '../../engine/state/descriptors.ts'

/** A value on a stream, with the number of the input record that it comes from (see origin-index.ts). */
export interface ModelRecord {
  readonly value: unknown
  readonly origin: number
  readonly timestamp: number
}

/** Values by state name, for one key. */
export type KeyState = Map<string, unknown>

type Emit = (tag: string | null, value: unknown) => void

/** Applies one operator to one value. `state` is that of the value's key. Returns nothing; emits. */
export function applyOperator(
  node: StreamNode,
  operator: OperatorSpec,
  { value, timestamp }: ModelRecord,
  key: unknown,
  state: KeyState,
  emit: Emit,
): void {
  switch (operator.type) {
    case 'map':
      emit(null, operator.map(value))
      return
    case 'flat-map':
      for (const result of operator.flatMap(value)) emit(null, result)
      return
    case 'filter':
      if (operator.filter(value)) emit(null, value)
      return
    case 'sum':
      emit(null, foldSum(node.uid, operator.field, value, state))
      return
    case 'reduce': {
      const name = `${node.uid}.reduced`
      const result = state.has(name) ? operator.reduce(state.get(name), value) : value
      state.set(name, result)
      emit(null, result)
      return
    }
    case 'process':
      operator.process.processElement(value, {
        key,
        timestamp,
        timers: NO_TIMERS,
        collect: (result) => {
          emit(null, result)
        },
        output: (tag, result) => {
          emit(tag.name, result)
        },
        state: stateOf(state),
      })
      return
    case 'sink':
      emit(null, value)
      return
    default:
      throw new TypeError(`The reference model does not know the operator "${operator.type}".`)
  }
}

/** Whether the model knows all operators of the job. Which states a function uses shows only when it runs. */
export function isModeled({ nodes }: StreamGraph): boolean {
  return nodes.every(({ work }) => {
    if (work.type === 'source') return true
    switch (work.operator.type) {
      case 'map':
      case 'flat-map':
      case 'filter':
      case 'sum':
      case 'reduce':
      case 'sink':
        return true
      case 'process':
        return work.operator.process.onTimer === undefined
      default:
        return false
    }
  })
}

/** The key's first record with the field replaced by the running sum. */
function foldSum(uid: string, field: string, value: unknown, state: KeyState): unknown {
  const record = { ...(value as Record<string, unknown>) }
  const first = (state.get('') ?? record) as Record<string, unknown>
  const sum = Number(state.get(`${uid}.sum`) ?? 0) + Number(record[field])
  state.set('', first)
  state.set(`${uid}.sum`, sum)
  return { ...first, [field]: sum }
}

/** Value states only: the model does not know the others. */
function stateOf(state: KeyState): KeyedStates['state'] {
  const find = (descriptor: AnyDescriptor): unknown => {
    if (descriptor.type !== 'value') {
      throw new TypeError(`The reference model does not know ${descriptor.type} state.`)
    }
    const { name, default: makeDefault } = descriptor
    return {
      value: () => valueOf(state, name, makeDefault),
      update: (updated: unknown) => state.set(name, updated),
      clear: () => state.delete(name),
    }
  }
  return find as KeyedStates['state']
}

type AnyDescriptor = Parameters<KeyedStates['state']>[0] | ValueStateDescriptor<unknown>

const NO_TIMERS: Timers = {
  currentWatermark: Number.NEGATIVE_INFINITY,
  processingTime: () => 0,
  registerEventTime: refuseTimer,
  deleteEventTime: refuseTimer,
  registerProcessingTime: refuseTimer,
  deleteProcessingTime: refuseTimer,
}

function refuseTimer(): never {
  throw new TypeError('The reference model does not know timers.')
}

function valueOf<T>(
  state: KeyState,
  name: string,
  makeDefault: (() => T) | undefined,
): T | undefined {
  return state.has(name) ? (state.get(name) as T) : makeDefault?.()
}

/** Nodes that read this output of a node. */
export function consumersOf(
  graph: StreamGraph,
  node: StreamNode,
  tag: string | null,
): StreamNode[] {
  return graph.nodes.filter((other) =>
    edgesInto(other).some((edge) => edge.from === node.id && edge.tag === tag),
  )
}

/** The sinks that a node's output reaches in its order: without another fold or a `reordered` operator in between. */
export function sinksBehind(
  graph: StreamGraph,
  node: StreamNode,
  reordered: ReadonlySet<number>,
): Set<string> {
  const sinks = new Set<string>()
  for (const consumer of graph.nodes.filter((other) => isFedBy(other, node))) {
    if (isKeyed(consumer) || consumer.work.type === 'source') continue
    if (reordered.has(consumer.id)) continue
    if (consumer.work.operator.type === 'sink') sinks.add(consumer.uid)
    else for (const sink of sinksBehind(graph, consumer, reordered)) sinks.add(sink)
  }
  return sinks
}

/** Whether one of these operators stands in front of the node, or is the node. */
export function isBehind(
  graph: StreamGraph,
  node: StreamNode,
  operators: ReadonlySet<number>,
): boolean {
  if (operators.has(node.id)) return true
  return producersOf(graph, node).some((producer) => isBehind(graph, producer, operators))
}

/** Whether the records of a node went through a fold before. */
export function isBehindFold(graph: StreamGraph, node: StreamNode): boolean {
  return producersOf(graph, node).some(
    (producer) => isKeyed(producer) || isBehindFold(graph, producer),
  )
}

function producersOf(graph: StreamGraph, node: StreamNode): StreamNode[] {
  return graph.nodes.filter((other) => isFedBy(node, other))
}

function isFedBy(consumer: StreamNode, producer: StreamNode): boolean {
  return edgesInto(consumer).some(({ from }) => from === producer.id)
}

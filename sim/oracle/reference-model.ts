/**
 * The reference model: what a job means, without threads, partitions, checkpoints or the engine. It interprets the
 * stream graph on lists; state is a Map per key. Shares the user's functions with the engine and nothing else.
 * The order in which a key's records are folded is not the model's to choose: it is given (see fold-order.ts).
 * It has no time and one input: what needs more is NotInterpreted.
 */
import { edgesInto, isKeyed } from '../../engine/job/stream-graph.ts'
import type { StreamEdge, StreamGraph, StreamNode } from '../../engine/job/stream-graph.ts'
import type { Timers } from '../../engine/operator/functions.ts'
import type { OperatorSpec, RollingSpec } from '../../engine/operator/operator-spec.ts'
import { isBounded } from '../../engine/source/source-spec.ts'
import { statesOf } from './model-states.ts'
import type { KeyState } from './model-states.ts'
import { NotInterpreted } from './not-interpreted.ts'

/** A value on a stream, with the number of the input record that it comes from (see origin-index.ts). */
export interface ModelRecord {
  readonly value: unknown
  readonly origin: number
  readonly timestamp: number
}

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
    case 'reduce':
      emit(null, fold(node.uid, operator.reduce, value, state))
      return
    case 'rolling':
      emit(
        null,
        fold(node.uid, (a, b) => roll(operator.rolling, a, b), value, state),
      )
      return
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
        state: statesOf(state),
      })
      return
    case 'assign-watermarks':
    case 'sink':
      emit(null, value)
      return
    default:
      throw new NotInterpreted(`the operator "${operator.type}"`)
  }
}

function fold(
  uid: string,
  reduce: (left: unknown, right: unknown) => unknown,
  value: unknown,
  state: KeyState,
): unknown {
  const name = `${uid}.reduced`
  const result = state.has(name) ? reduce(state.get(name), value) : value
  state.set(name, result)
  return result
}

/** `minBy` and `maxBy` choose one of two records, `min` and `max` put the chosen value into the former one. */
function roll({ fn, field, keepsFirst }: RollingSpec, former: unknown, latter: unknown): unknown {
  const fields = [former, latter] as readonly Readonly<Record<string, string | number>>[]
  const [a = NaN, b = NaN] = fields.map((record) => record[field])
  const isLatter = fn.startsWith('min') ? b < a : b > a
  if (fn === 'min' || fn === 'max') return isLatter ? { ...fields[0], [field]: b } : former
  return isLatter || (a === b && !keepsFirst) ? latter : former
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

const NO_TIMERS: Timers = {
  get currentWatermark(): number {
    return refuseTime()
  },
  processingTime: refuseTime,
  registerEventTime: refuseTime,
  deleteEventTime: refuseTime,
  registerProcessingTime: refuseTime,
  deleteProcessingTime: refuseTime,
}

function refuseTime(): never {
  throw new NotInterpreted('a function that asks for the time or sets a timer')
}

/**
 * Whether the model can interpret the node, as far as its description tells. A function that is copied for each subtask
 * keeps something in itself; one record that is sent to every subtask is several.
 */
export function canInterpret({ inputs, work }: StreamNode): boolean {
  if (work.type === 'source') {
    const { source } = work
    return source.type === 'kafka' && source.startingOffsets === 'earliest' && !isBounded(source)
  }
  if (inputs.length !== 1 || inputs[0]?.edges.some(isBroadcast) === true) return false
  if (work.operator.type !== 'process') return INTERPRETED.has(work.operator.type)
  const { process } = work.operator
  return HOOKS.every((hook) => process[hook] === undefined)
}

const HOOKS = ['copy', 'open', 'initializeState', 'snapshotState'] as const

const INTERPRETED: ReadonlySet<OperatorSpec['type']> = new Set([
  'map',
  'flat-map',
  'filter',
  'sum',
  'rolling',
  'reduce',
  'assign-watermarks',
  'sink',
])

function isBroadcast({ partitioning }: StreamEdge): boolean {
  return partitioning.type === 'broadcast'
}

/**
 * The sinks that a node's output reaches in its order and alone: without another fold, a `reordered` operator or a union
 * in between.
 */
export function sinksBehind(
  graph: StreamGraph,
  node: StreamNode,
  reordered: ReadonlySet<number>,
): Set<string> {
  const sinks = new Set<string>()
  for (const consumer of graph.nodes.filter((other) => isFedBy(other, node))) {
    if (isKeyed(consumer) || consumer.work.type === 'source') continue
    if (reordered.has(consumer.id) || edgesInto(consumer).length > 1) continue
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

/** The node with everything in front of it, and whether there are several ways from some of that to the node. */
export function upstreamOf(
  graph: StreamGraph,
  node: StreamNode,
): { readonly uids: ReadonlySet<string>; readonly isBranching: boolean } {
  const uids = new Set([node.uid])
  let isBranching = false
  const pending = [node]
  for (const consumer of pending) {
    for (const { from } of edgesInto(consumer)) {
      for (const producer of graph.nodes.filter(({ id }) => id === from)) {
        isBranching ||= uids.has(producer.uid)
        if (!uids.has(producer.uid)) pending.push(producer)
        uids.add(producer.uid)
      }
    }
  }
  return { uids, isBranching }
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

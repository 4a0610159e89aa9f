/**
 * What an operator is, as data: the job graph holds specs, `createOperator` makes the running thing from one, the
 * plan prints them, and the oracle's reference model interprets them on its own.
 */
import type { SinkSpec } from '../sink/sink-spec.ts'
import type {
  FilterFunction,
  FlatMapFunction,
  MapFunction,
  ProcessFunction,
  ReduceFunction,
} from './functions.ts'

export type OperatorSpec =
  | { readonly type: 'map'; readonly map: MapFunction }
  | { readonly type: 'flat-map'; readonly flatMap: FlatMapFunction }
  | { readonly type: 'filter'; readonly filter: FilterFunction }
  | { readonly type: 'process'; readonly process: ProcessFunction }
  | { readonly type: 'sum'; readonly field: string }
  | { readonly type: 'reduce'; readonly reduce: ReduceFunction }
  | { readonly type: 'sink'; readonly sink: SinkSpec }

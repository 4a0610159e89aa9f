/**
 * What an operator is, as data: the job graph holds specs, `createOperator` makes the running thing from one, the
 * plan prints them, and the oracle's reference model interprets some of them on its own.
 */
import type { AsyncSpec } from '../async/async-spec.ts'
import type { CepSpec } from '../cep/cep-spec.ts'
import type { IntervalJoinSpec } from '../join/interval-join-spec.ts'
import type { SinkSpec } from '../sink/sink-spec.ts'
import type { WatermarkStrategy } from '../time/watermark-strategy.ts'
import type { WindowSpec } from '../window/window-spec.ts'
import type {
  BroadcastProcessFunction,
  FilterFunction,
  FlatMapFunction,
  KeyedBroadcastProcessFunction,
  KeyedCoProcessFunction,
  KeyedProcessFunction,
  MapFunction,
  ReduceFunction,
} from './functions.ts'

/** A rolling aggregation over one field of the records of a key. */
export interface RollingSpec {
  /** `min`/`max` change that field only; `minBy`/`maxBy` yield the whole record that has it. */
  readonly fn: 'min' | 'max' | 'minBy' | 'maxBy'
  readonly field: string
  /** Of equal records `minBy` and `maxBy` keep the first; else they take the last. */
  readonly keepsFirst: boolean
}

export type OperatorSpec =
  | { readonly type: 'map'; readonly map: MapFunction }
  | { readonly type: 'flat-map'; readonly flatMap: FlatMapFunction }
  | { readonly type: 'filter'; readonly filter: FilterFunction }
  | {
      readonly type: 'process'
      readonly process: KeyedProcessFunction<unknown, unknown, unknown>
    }
  | { readonly type: 'sum'; readonly field: string }
  | { readonly type: 'rolling'; readonly rolling: RollingSpec }
  | { readonly type: 'reduce'; readonly reduce: ReduceFunction }
  | { readonly type: 'assign-watermarks'; readonly strategy: WatermarkStrategy<unknown> }
  | { readonly type: 'window'; readonly window: WindowSpec }
  | {
      readonly type: 'co-process'
      readonly process: KeyedCoProcessFunction<unknown, unknown, unknown, unknown>
    }
  | {
      readonly type: 'broadcast-process'
      readonly process:
        | KeyedBroadcastProcessFunction<unknown, unknown, unknown, unknown>
        | BroadcastProcessFunction<unknown, unknown, unknown>
      /** Names of the broadcast states that the broadcast stream was made with. */
      readonly states: readonly string[]
    }
  | { readonly type: 'interval-join'; readonly join: IntervalJoinSpec }
  | { readonly type: 'async'; readonly async: AsyncSpec }
  | { readonly type: 'cep'; readonly cep: CepSpec }
  | { readonly type: 'sink'; readonly sink: SinkSpec }

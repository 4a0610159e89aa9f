/** Makes the running operator of a spec. */
import { AsyncWaitOperator } from '../async/async-wait-operator.ts'
import { CepOperator } from '../cep/cep-operator.ts'
import { IntervalJoinOperator } from '../join/interval-join-operator.ts'
import type { OperatorSpec } from '../operator/operator-spec.ts'
import type { Operator, OperatorContext } from '../operator/operator.ts'
import {
  broadcastProcessOperator,
  coProcessOperator,
  processOperator,
} from '../operator/process-operators.ts'
import { ReduceOperator } from '../operator/reduce-operator.ts'
import { rollingReduction, sumReduction } from '../operator/rolling.ts'
import { FilterOperator, FlatMapOperator, MapOperator } from '../operator/stateless-operators.ts'
import { SumOperator } from '../operator/sum-operator.ts'
import { createSink } from '../sink/create-sink.ts'
import { WatermarkAssignerOperator } from '../time/watermark-assigner-operator.ts'
import { WindowOperator } from '../window/window-operator.ts'

export function createOperator(spec: OperatorSpec, context: OperatorContext): Operator {
  switch (spec.type) {
    case 'map':
      return new MapOperator(spec.map, context)
    case 'flat-map':
      return new FlatMapOperator(spec.flatMap, context)
    case 'filter':
      return new FilterOperator(spec.filter, context)
    case 'process':
      return processOperator(spec.process, context)
    case 'co-process':
      return coProcessOperator(spec.process, context)
    case 'broadcast-process':
      return broadcastProcessOperator(spec.process, spec.states, context)
    case 'sum':
      // The fast path of streaming; in batch mode a sum is a reduction like others.
      return context.runtimeMode === 'batch'
        ? new ReduceOperator(sumReduction(spec.field), context)
        : new SumOperator(spec.field, context)
    case 'rolling':
      return new ReduceOperator(rollingReduction(spec.rolling), context)
    case 'reduce':
      return new ReduceOperator({ reduce: spec.reduce }, context)
    case 'window':
      return new WindowOperator(spec.window, context)
    case 'interval-join':
      return new IntervalJoinOperator(spec.join, context)
    case 'async':
      return new AsyncWaitOperator(spec.async, context)
    case 'cep':
      return new CepOperator(spec.cep, context)
    case 'assign-watermarks':
      return new WatermarkAssignerOperator(spec.strategy, context)
    case 'sink':
      return createSink(spec.sink, context)
  }
}

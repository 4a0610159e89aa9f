/** Makes the running operator of a spec. */
import { createSink } from '../sink/create-sink.ts'
import type { OperatorSpec } from './operator-spec.ts'
import type { Operator, OperatorContext } from './operator.ts'
import { ProcessOperator } from './process-operator.ts'
import { ReduceOperator } from './reduce-operator.ts'
import { FilterOperator, FlatMapOperator, MapOperator } from './stateless-operators.ts'
import { SumOperator } from './sum-operator.ts'

export function createOperator(spec: OperatorSpec, context: OperatorContext): Operator {
  switch (spec.type) {
    case 'map':
      return new MapOperator(spec.map, context)
    case 'flat-map':
      return new FlatMapOperator(spec.flatMap, context)
    case 'filter':
      return new FilterOperator(spec.filter, context)
    case 'process':
      return new ProcessOperator(spec.process, context)
    case 'sum':
      return new SumOperator(spec.field, context)
    case 'reduce':
      return new ReduceOperator(spec.reduce, context)
    case 'sink':
      return createSink(spec.sink, context)
  }
}

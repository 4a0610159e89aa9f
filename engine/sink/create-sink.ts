/** Makes the running operator of a sink. */
import type { Operator, OperatorContext } from '../operator/operator.ts'
import { CollectSinkOperator } from './collect-sink-operator.ts'
import { FileSinkOperator } from './file-sink-operator.ts'
import { KafkaFlushingSinkOperator } from './kafka-flushing-sink-operator.ts'
import { KafkaSinkOperator } from './kafka-sink-operator.ts'
import { PrintSinkOperator } from './print-sink-operator.ts'
import type { SinkSpec } from './sink-spec.ts'

export function createSink(spec: SinkSpec, context: OperatorContext): Operator {
  switch (spec.type) {
    case 'kafka':
      return spec.delivery === 'exactly-once'
        ? new KafkaSinkOperator(spec, context)
        : new KafkaFlushingSinkOperator(spec, context)
    case 'file':
      return new FileSinkOperator(spec, context)
    case 'collect':
      return new CollectSinkOperator(spec.results, context)
    case 'print':
      return new PrintSinkOperator(spec.prefix, context)
    case 'discard':
      return new DiscardSinkOperator(context.uid)
  }
}

class DiscardSinkOperator implements Operator {
  readonly uid: string

  constructor(uid: string) {
    this.uid = uid
  }

  process(): void {
    // Nothing is kept.
  }
}

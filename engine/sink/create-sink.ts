/** Makes the running operator of a sink. */
import type { Operator, OperatorContext } from '../operator/operator.ts'
import { KafkaSinkOperator } from './kafka-sink-operator.ts'
import type { SinkSpec } from './sink-spec.ts'

export function createSink(spec: SinkSpec, context: OperatorContext): Operator {
  switch (spec.type) {
    case 'kafka':
      return new KafkaSinkOperator(spec, context)
    case 'print':
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

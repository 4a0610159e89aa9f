/**
 * process on one stream, on two connected streams, and on a stream with a broadcast stream; each with or without key.
 * Source: Flink KeyedProcessOperator, KeyedCoProcessOperator, CoBroadcastWithKeyedOperator and their unkeyed relatives.
 */
import { BroadcastSideContext } from './broadcast-side-context.ts'
import { BroadcastStates } from './broadcast-states.ts'
import { FunctionContext } from './function-context.ts'
import { FunctionOperator, timerCalls } from './function-operator.ts'
import type {
  KeyedBroadcastProcessFunction,
  KeyedCoProcessFunction,
  KeyedProcessFunction,
} from './functions.ts'
import type { Operator, OperatorContext } from './operator.ts'

export function processOperator(
  template: KeyedProcessFunction<unknown, unknown, unknown>,
  operator: OperatorContext,
): Operator {
  return new FunctionOperator(template, operator, {
    connect(running, target) {
      const context = new FunctionContext(operator, target, null)
      return {
        first(value, timestamp) {
          running.processElement(value, context.forRecord(timestamp))
        },
        ...timerCalls(running, context),
      }
    },
  })
}

export function coProcessOperator(
  template: KeyedCoProcessFunction<unknown, unknown, unknown, unknown>,
  operator: OperatorContext,
): Operator {
  return new FunctionOperator(template, operator, {
    connect(running, target) {
      const context = new FunctionContext(operator, target, null)
      return {
        first(value, timestamp) {
          running.processElement1(value, context.forRecord(timestamp))
        },
        second(value, timestamp) {
          running.processElement2(value, context.forRecord(timestamp))
        },
        ...timerCalls(running, context),
      }
    },
  })
}

/** `names` are those of the broadcast states that the broadcast stream was made with. */
export function broadcastProcessOperator(
  template: KeyedBroadcastProcessFunction<unknown, unknown, unknown, unknown>,
  names: readonly string[],
  operator: OperatorContext,
): Operator {
  const states = new BroadcastStates(operator.name, names)
  return new FunctionOperator(template, operator, {
    state: states,
    connect(running, target) {
      const context = new FunctionContext(operator, target, states)
      const broadcast = new BroadcastSideContext(operator, states)
      return {
        first(value, timestamp) {
          running.processElement(value, context.forRecord(timestamp))
        },
        second(value, timestamp) {
          running.processBroadcastElement(value, broadcast.forRecord(timestamp))
        },
        ...timerCalls(running, context),
      }
    },
  })
}

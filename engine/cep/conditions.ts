/** Conditions made of conditions. Like those, they should depend on the record and the context only. */
import type { Condition } from './pattern-spec.ts'

export function always(): boolean {
  return true
}

export function not(condition: Condition<unknown>): Condition<unknown> {
  return (value, context) => !condition(value, context)
}

export function and(left: Condition<unknown>, right: Condition<unknown>): Condition<unknown> {
  return (value, context) => left(value, context) && right(value, context)
}

export function or(left: Condition<unknown>, right: Condition<unknown>): Condition<unknown> {
  return (value, context) => left(value, context) || right(value, context)
}

// Conditions of cases on the fields of a record.

import type { Fields, Json, JsonObject } from './cases.ts'

export interface FieldCondition {
  readonly field: string
  readonly op: '==' | '!=' | '<' | '<=' | '>' | '>='
  readonly value: Json
}

export type Condition =
  FieldCondition | { readonly all: readonly Condition[] } | { readonly any: readonly Condition[] }

export function satisfies(fields: Fields | JsonObject, condition: Condition): boolean {
  if ('all' in condition) return condition.all.every((each) => satisfies(fields, each))
  if ('any' in condition) return condition.any.some((each) => satisfies(fields, each))
  const { field, op, value } = condition
  return compares(fields[field], op, value)
}

/** Two numbers compare as numbers, anything else as text. */
export function compares(left: Json | undefined, op: FieldCondition['op'], right: Json): boolean {
  const order =
    typeof left === 'number' && typeof right === 'number'
      ? orderOf(left, right)
      : orderOf(textOf(left), textOf(right))
  switch (op) {
    case '==':
      return order === 0
    case '!=':
      return order !== 0
    case '<':
      return order < 0
    case '<=':
      return order <= 0
    case '>':
      return order > 0
    case '>=':
      return order >= 0
  }
}

function orderOf<T extends number | string>(left: T, right: T): number {
  return left < right ? -1 : left > right ? 1 : 0
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value)
}

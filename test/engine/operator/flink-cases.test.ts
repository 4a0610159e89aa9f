/**
 * Running aggregations and stateless pipelines against what Apache Flink gives, as recorded in conformance cases. The cases lie
 * beside the repository; without them there is nothing to compare.
 */
import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { createOperator } from '../../../engine/task/create-operator.ts'
import { outputTag } from '../../../engine/operator/functions.ts'
import type { OperatorSpec } from '../../../engine/operator/operator-spec.ts'
import type { Collector } from '../../../engine/operator/operator.ts'
import { operatorContext } from '../operator-context.ts'
import { Operating } from './operating.ts'

type Fields = Readonly<Record<string, number | string>>

interface Step {
  readonly e?: Fields
  readonly t?: number
}

interface Row {
  readonly key: string
  readonly e: Fields
  readonly ts: number | null
}

interface Case {
  readonly id: string
  readonly job: {
    readonly mode?: string
    readonly fn?: string
    readonly field?: string
    readonly first?: boolean
    readonly union?: boolean
    readonly steps?: readonly StatelessStep[]
  }
  readonly input: readonly Step[]
  readonly expected: Readonly<Record<string, readonly Row[]>>
}

interface Condition {
  readonly field: string
  readonly op: string
  readonly value: number
  readonly all?: readonly Condition[]
  readonly any?: readonly Condition[]
}

type StatelessStep =
  | { readonly filter: Condition }
  | { readonly map: { readonly field: string; readonly fn: 'add' | 'mul'; readonly arg: number } }
  | { readonly flatMap: { readonly field: string } }
  | { readonly split: { readonly tag: string; readonly where: Condition } }

function readCases(family: string): Case[] {
  const file = new URL(`../../conformance/cases/${family}.json`, import.meta.url)
  if (!existsSync(file)) return []
  const cases = JSON.parse(readFileSync(file, 'utf8')) as Case[]
  return cases.filter(({ job }) => job.mode === 'streaming' && job.union !== true)
}

const records = ({ input }: Case): { readonly e: Fields; readonly t: number }[] =>
  input.flatMap(({ e, t }) => (e === undefined ? [] : [{ e, t: t ?? 0 }]))

const rowsOfKey = (rows: readonly Row[], key: string): Row[] =>
  rows.filter((row) => row.key === key)

test.each(readCases('running-aggregations'))('$id: the aggregation is that of Flink', (flink) => {
  const running = new Operating(aggregationOf(flink), ({ k }: { readonly k: string }) => k)
  const found = records(flink).flatMap(({ e, t }) =>
    running.process(e, t).map((value) => ({ key: String(e['k']), e: value, ts: t })),
  )
  const expected = flink.expected['main'] ?? []
  for (const key of new Set(expected.map((row) => row.key))) {
    expect(found.filter((row) => row.key === key)).toEqual(rowsOfKey(expected, key))
  }
  expect(found).toHaveLength(expected.length)
})

test.each(readCases('stateless'))('$id: the pipeline gives what Flink gives', (flink) => {
  const found: Record<string, Row[]> = {}
  const into = (tag: string): Collector => ({
    emit: (value, timestamp) => {
      const e = value as Fields
      ;(found[tag] ??= []).push({ key: String(e['k']), e, ts: timestamp })
    },
  })
  let next = into('main')
  for (const step of (flink.job.steps ?? []).toReversed()) {
    const main = next
    const context = operatorContext({ output: (tag) => (tag === null ? main : into(tag)) })
    const operator = createOperator(specOf(step), context)
    next = {
      emit: (value, timestamp) => {
        operator.process(value, timestamp)
      },
    }
  }
  for (const { e, t } of records(flink)) next.emit(e, t)
  for (const [tag, rows] of Object.entries(flink.expected)) expect(found[tag] ?? []).toEqual(rows)
})

function aggregationOf({ job }: Case): OperatorSpec {
  const { fn, field = '', first: keepsFirst = true } = job
  switch (fn) {
    case 'min':
    case 'max':
    case 'minBy':
    case 'maxBy':
      return { type: 'rolling', rolling: { fn, field, keepsFirst } }
    case 'reduce':
      return { type: 'reduce', reduce: (a, b) => reduced(a as Numbers, b as Numbers) }
    default:
      return { type: 'sum', field }
  }
}

interface Numbers {
  readonly k: string
  readonly v: number
  readonly g: number
  readonly id: number
}

function reduced(a: Numbers, b: Numbers): Numbers {
  return { k: a.k, v: a.v + b.v, g: Math.max(a.g, b.g), id: b.id }
}

function specOf(step: StatelessStep): OperatorSpec {
  if ('filter' in step) {
    return { type: 'filter', filter: (value) => holds(step.filter, value as Fields) }
  }
  if ('map' in step) {
    const { field, fn, arg } = step.map
    const apply = (old: number): number => (fn === 'add' ? old + arg : old * arg + 0)
    return {
      type: 'map',
      map: (value) => ({ ...(value as Fields), [field]: apply(Number((value as Fields)[field])) }),
    }
  }
  if ('flatMap' in step) {
    const flatMap = (value: unknown): unknown[] =>
      Array.from({ length: Number((value as Fields)[step.flatMap.field]) }, (_, i) => ({
        ...(value as Fields),
        i,
      }))
    return { type: 'flat-map', flatMap }
  }
  const { tag, where } = step.split
  return {
    type: 'process',
    process: {
      processElement(value, context) {
        if (holds(where, value as Fields)) context.output(outputTag(tag), value)
        else context.collect(value)
      },
    },
  }
}

function holds(condition: Condition, fields: Fields): boolean {
  if (condition.all !== undefined) return condition.all.every((each) => holds(each, fields))
  if (condition.any !== undefined) return condition.any.some((each) => holds(each, fields))
  const [a, b] = [Number(fields[condition.field]), condition.value]
  switch (condition.op) {
    case '==':
      return a === b
    case '!=':
      return a !== b
    case '<':
      return a < b
    case '<=':
      return a <= b
    case '>':
      return a > b
    default:
      return a >= b
  }
}

// op `running`, the rolling aggregations of a keyed stream, and op `stateless`.

import { outputTag } from 'weirstream'
import type { DataStream, KeyedStream } from 'weirstream'
import { numberIn } from '../cases.ts'
import type { CaseJob, Fields } from '../cases.ts'
import { satisfies } from '../conditions.ts'
import type { Condition } from '../conditions.ts'
import { recordRow } from '../program.ts'
import type { Program, Row } from '../program.ts'

export interface RunningJob extends CaseJob {
  readonly op: 'running'
  readonly fn: 'sum' | 'min' | 'max' | 'minBy' | 'maxBy' | 'reduce'
  readonly field?: 'v' | 'g'
  readonly first?: boolean
}

/** A record of the rolling aggregations. */
interface Reading {
  readonly k: string
  readonly v: number
  readonly g: number
  readonly id: number
}

export interface StatelessJob extends CaseJob {
  readonly op: 'stateless'
  readonly steps: readonly StatelessStep[]
  readonly union?: boolean
}

type StatelessStep =
  | { readonly filter: Condition }
  | { readonly map: { readonly field: string; readonly fn: 'add' | 'mul'; readonly arg: number } }
  | { readonly flatMap: { readonly field: string } }
  | { readonly split: { readonly tag: string; readonly where: Condition } }

export function runningProgram(job: RunningJob): Program {
  return {
    build(records) {
      const readings = records.map((fields): Reading => {
        const { k, id } = fields
        return { k, v: numberIn(fields, 'v'), g: numberIn(fields, 'g'), id }
      })
      return rolling(
        readings.keyBy(({ k }) => k),
        job,
      ).map<Row>((e) => ({ key: e.k, e: { ...e } }))
    },
  }
}

function rolling(
  readings: KeyedStream<Reading, string>,
  { fn, field = 'v', first: keepsFirst = true }: RunningJob,
): DataStream<Reading> {
  switch (fn) {
    case 'sum':
      return readings.sum(field)
    case 'min':
      return readings.min(field)
    case 'max':
      return readings.max(field)
    case 'minBy':
      return readings.minBy(field, { keepsFirst })
    case 'maxBy':
      return readings.maxBy(field, { keepsFirst })
    case 'reduce':
      return readings.reduce((a, b) => ({
        k: a.k,
        v: a.v + b.v,
        g: Math.max(a.g, b.g),
        id: b.id,
      }))
  }
}

export function statelessProgram({ steps, union = false }: StatelessJob): Program {
  return {
    build(first, second) {
      let stream = union ? first.union(second) : first
      for (const step of steps) stream = transformed(stream, step)
      return stream.map(recordRow)
    },
    recordSides: steps.flatMap((step) => ('split' in step ? [step.split.tag] : [])),
  }
}

function transformed(stream: DataStream<Fields>, step: StatelessStep): DataStream<Fields> {
  if ('filter' in step) return stream.filter((fields) => satisfies(fields, step.filter))
  if ('map' in step) {
    const { field, fn, arg } = step.map
    return stream.map((fields) => {
      const value = numberIn(fields, field)
      return { ...fields, [field]: fn === 'add' ? value + arg : value * arg }
    })
  }
  if ('flatMap' in step) {
    const { field } = step.flatMap
    return stream.flatMap((fields) =>
      Array.from({ length: numberIn(fields, field) }, (_, i) => ({ ...fields, i })),
    )
  }
  const { tag, where } = step.split
  return stream.process<Fields>((fields, context) => {
    if (satisfies(fields, where)) context.output(outputTag<Fields>(tag), fields)
    else context.collect(fields)
  })
}

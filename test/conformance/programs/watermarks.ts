// op `assignWatermarks`: the assigning operator.

import { forBoundedOutOfOrderness, forMonotonousTimestamps } from 'weirstream'
import type { WatermarkStrategy, WatermarkStrategyOptions } from 'weirstream'
import type { CaseJob, Fields } from '../cases.ts'
import type { Program, Row } from '../program.ts'

export interface AssignWatermarksJob extends CaseJob {
  readonly op: 'assignWatermarks'
  readonly strategy: CaseStrategy
  readonly interval: number
}

export type CaseStrategy =
  | { readonly type: 'monotonous' }
  | { readonly type: 'boundedOutOfOrderness'; readonly delay: number }

export function assignWatermarksProgram({ strategy, interval }: AssignWatermarksJob): Program {
  return {
    build: (records) =>
      records.map<Row>(idOf).assignTimestampsAndWatermarks(strategyOf<Row>(strategy, {})),
    mixesWatermarks: true,
    options: { autoWatermarkIntervalMs: interval },
  }
}

export function strategyOf<T>(
  strategy: CaseStrategy,
  options: WatermarkStrategyOptions<T>,
): WatermarkStrategy<T> {
  return strategy.type === 'monotonous'
    ? forMonotonousTimestamps(options)
    : forBoundedOutOfOrderness(strategy.delay, options)
}

function idOf({ id }: Fields): Row {
  return { id }
}

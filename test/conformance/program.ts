// A case's job as a DataStream program: what the interpreter translates job descriptions into.

import type { DataStream } from 'weirstream'
import type { HarnessOptions } from 'weirstream/testing'
import type { Fields, JsonObject } from './cases.ts'

/** A row without `ts` and `at`, which the harness knows. */
export type Row = JsonObject

export interface Program {
  build(first: DataStream<Fields>, second: DataStream<Fields>): DataStream<Row>
  /** Side outputs with rows. */
  readonly sides?: readonly string[]
  /** Side outputs with records sent there unchanged. */
  readonly recordSides?: readonly string[]
  /** What the operator forwards is an output, too. */
  readonly hasWatermarks?: boolean
  /** Watermarks stand between the rows of the main output. */
  readonly mixesWatermarks?: boolean
  /** Dropped late records are counted in `lateDropped`. */
  readonly countsLate?: boolean
  readonly options?: HarnessOptions
}

/** A record as a row. */
export function recordRow(fields: Fields): Row {
  return { key: fields.k, e: fields }
}

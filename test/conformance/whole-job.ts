// A case as a whole job in the simulator: scripted source → the case's program at parallelism 3 → Kafka,
// exactly once, with a topic for each output. Crashes are the restarts; what is committed must be what
// Flink gave.

import { defineJob, jsonOf, kafkaSink, outputTag } from 'weirstream'
import type { DataStream, Job } from 'weirstream'
import { simulate } from 'weirstream/sim'
import type { Plan, SimulationResult } from 'weirstream/sim'
import { text } from '../../engine/serializer.ts'
import { TwinCache } from '../../sim/twins.ts'
import { timeName } from './cases.ts'
import type { ConformanceCase, Fields, JsonObject, Outputs } from './cases.ts'
import { difference } from './compare.ts'
import { programOf } from './program-of.ts'
import { recordRow } from './program.ts'
import type { Program, Row } from './program.ts'
import { scriptedSource } from './scripted-source.ts'

/** A script takes so long in virtual time. */
const SCRIPT_MS = 700

/**
 * Event time alone drives the case, to its end: no step but records and watermarks, no timer on the clock, and a last
 * watermark, since a job whose input ends has one.
 */
export function isEventTimeOnly({ input, end = true }: ConformanceCase): boolean {
  if (!end) return false
  return input.every(
    ({ e, w, p, restart }) =>
      (e !== undefined || w !== undefined) &&
      p === undefined &&
      restart === undefined &&
      e?.['dom'] !== 'processing',
  )
}

export type CrashPlan = Pick<Plan, 'config' | 'seed' | 'faults'>

/** A case as a job that can be run under many plans. */
export class WholeJob {
  readonly #case: ConformanceCase
  readonly #program: Program
  readonly #job: Job
  readonly #twins = new TwinCache()

  constructor(theCase: ConformanceCase) {
    this.#case = theCase
    this.#program = programOf(theCase.job)
    this.#job = jobOf(theCase, this.#program)
  }

  /** Runs it under a plan. Reason null: the run is in order, and what it committed is what Flink gave. */
  run(plan: CrashPlan): { readonly result: SimulationResult; readonly reason: string | null } {
    const result = simulate(
      this.#job,
      {
        v: 1,
        job: { builtin: this.#case.id },
        input: { generator: 'traffic', params: {} },
        ...plan,
        // One partition keeps the order of a key's rows.
        config: { outputPartitions: 1, inputDurationMs: SCRIPT_MS, ...plan.config },
      },
      { lines: [], twins: this.#twins },
    )
    const { outcome, violations } = result.verdict
    const wrong = violations.map(({ invariant, message }) => `${invariant}: ${message}`)
    const reason = outcome === 'passed' ? this.#differs(result) : `${outcome}: ${wrong.join('; ')}`
    return { result, reason }
  }

  #differs(result: SimulationResult): string | null {
    const { compare, expected } = this.#case
    return difference(compare, comparable(expected), committed(this.#program, result))
  }
}

function jobOf({ id, input }: ConformanceCase, program: Program): Job {
  return defineJob(id, {}, (env) => {
    const stepMs = Math.ceil(SCRIPT_MS / (input.length + 1))
    const script = scriptedSource(input, stepMs)
    const records = env.fromSource(script, { parallelism: 1 })
    const main = program.build(records, records)
    write(main, 'main')
    for (const name of program.sides ?? []) write(main.sideOutput(outputTag<Row>(name)), name)
    for (const name of program.recordSides ?? []) {
      write(main.sideOutput(outputTag<Fields>(name)).map(recordRow), name)
    }
  })
}

function write(rows: DataStream<Row>, topic: string): void {
  rows
    .process<Row>(
      (row, context) => {
        const { timestamp } = context
        context.collect({
          ...withoutClock(row),
          ts: timestamp === null ? null : timeName(timestamp),
        })
      },
      { name: `${topic}-rows` },
    )
    .sinkTo(kafkaSink({ topic, value: jsonOf<Row>(), delivery: 'exactly-once' }), {
      name: `${topic}-sink`,
    })
}

function committed(
  { sides = [], recordSides = [] }: Program,
  { history }: SimulationResult,
): Outputs {
  const rows = ['main', ...sides, ...recordSides].map((name): [string, readonly JsonObject[]] => {
    const written = history.outputs.filter(({ topic }) => topic === name)
    const values = written.flatMap((partition) => partition.committed.map(({ value }) => value))
    return [name, values.map((value) => JSON.parse(text.decode(value)) as JsonObject)]
  })
  return Object.fromEntries(rows)
}

/** Rows without the step in which they came; what was dropped is not committed. */
function comparable(expected: Outputs): Outputs {
  const outputs = Object.entries(expected).flatMap(([name, rows]) =>
    typeof rows === 'number' ? [] : [[name, rows.map(withoutClock)] as const],
  )
  return Object.fromEntries(outputs)
}

/** The clock of the script stands still, that of the simulator does not. */
function withoutClock(row: JsonObject): JsonObject {
  const { at: _at, proc: _proc, ...rest } = row
  return rest
}

/** Where crashes may strike: anywhere from the start to a little after the script's end. */
export const CRASH_TIME_MAX_MS = SCRIPT_MS + 500

// Runs a case and says how it differs from what Flink gave. Knows how jobs are translated and how steps
// drive a harness; what windows, timers or joins mean, it does not know.

import { operatorHarness } from 'weirstream/testing'
import type {
  HarnessControl,
  HarnessInput,
  HarnessOptions,
  OperatorHarness,
} from 'weirstream/testing'
import { outputTag } from 'weirstream'
import { timeName, timeOf } from './cases.ts'
import type { CaseJob, ConformanceCase, Fields, JsonObject, Outputs, Step } from './cases.ts'
import { difference } from './compare.ts'
import { ENGINE_MODULES } from './engine-modules.ts'
import { programOf } from './program-of.ts'
import { recordRow } from './program.ts'
import type { Program, Row } from './program.ts'

/** Null: the same as Flink. Else the difference, or what was thrown, in a few lines. */
export function runCase(theCase: ConformanceCase): string | null {
  try {
    return difference(theCase.compare, theCase.expected, outputsOf(theCase))
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  }
}

function outputsOf(theCase: ConformanceCase): Outputs {
  const module = ENGINE_MODULES[theCase.job.op]
  if (module !== undefined) return { main: module.run(theCase) }
  return new CaseRun(theCase).run()
}

class CaseRun {
  readonly #case: ConformanceCase
  readonly #program: Program
  readonly #isWholeJob: boolean
  readonly #outputs = new Map<string, JsonObject[]>()
  #harness: OperatorHarness<Fields, Fields, Row>

  constructor(theCase: ConformanceCase) {
    this.#case = theCase
    this.#isWholeJob = isWholeJob(theCase.job)
    this.#program = programOf(theCase.job)
    this.#harness = this.#start({})
    const { sides = [], recordSides = [], hasWatermarks = false } = this.#program
    for (const name of [
      'main',
      ...sides,
      ...recordSides,
      ...(hasWatermarks ? ['watermarks'] : []),
    ]) {
      this.#outputs.set(name, [])
    }
  }

  run(): Outputs {
    const { input, end = true } = this.#case
    for (const [at, step] of input.entries()) {
      this.#do(step)
      this.#collect(at)
    }
    if (end) this.#end()
    this.#collect(input.length)
    const { lateRecordsDropped } = this.#harness
    this.#harness.close()
    const counts =
      this.#program.countsLate === true && !this.#isWholeJob
        ? { lateDropped: lateRecordsDropped }
        : {}
    return { ...Object.fromEntries(this.#outputs), ...counts }
  }

  #start(options: HarnessOptions): OperatorHarness<Fields, Fields, Row> {
    const runtimeMode = this.#case.job.mode === 'batch' ? 'batch' : 'streaming'
    const program = this.#program
    return operatorHarness<Fields, Fields, Row>((first, second) => program.build(first, second), {
      ...program.options,
      ...options,
      runtimeMode,
    })
  }

  #do(step: Step): void {
    const input: HarnessInput = step.in === undefined || step.in === 1 ? 1 : 2
    const harness = this.#harness
    if (step.e !== undefined) harness.push<HarnessInput>(step.e, step.t ?? null, input)
    else if (step.w !== undefined) harness.watermark(timeOf(step.w), input)
    else if (step.p !== undefined) harness.advanceTime(step.p - harness.now)
    else if (step.idle !== undefined) harness.idle(step.idle, input)
    else if (step.restart === true) this.#restart()
    else throw new Error(`Nobody knows this step: ${JSON.stringify(step)}.`)
  }

  #restart(): void {
    const restore = this.#harness.snapshot()
    this.#harness.close()
    this.#harness = this.#start({ restore })
  }

  /** An operator is given the last watermark; a whole job ends. */
  #end(): void {
    if (this.#isWholeJob) {
      this.#harness.endInput()
      return
    }
    this.#harness.watermark(Infinity, 1)
    this.#harness.watermark(Infinity, 2)
  }

  #collect(at: number): void {
    const step = this.#isWholeJob ? {} : { at }
    const { sides = [], recordSides = [], hasWatermarks, mixesWatermarks } = this.#program
    if (mixesWatermarks === true) {
      this.#add('main', this.#mixed(step))
      return
    }
    this.#add('main', this.#harness.output().map(rowWith<Row>((row) => row, step)))
    for (const name of sides) {
      const records = this.#harness.sideOutput(outputTag<Row>(name))
      this.#add(name, records.map(rowWith<Row>((row) => row, step)))
    }
    for (const name of recordSides) {
      const records = this.#harness.sideOutput(outputTag<Fields>(name))
      this.#add(name, records.map(rowWith(recordRow, step)))
    }
    const controls = this.#harness.controls()
    if (hasWatermarks === true) this.#add('watermarks', controls.map(controlWith(step)))
  }

  #mixed(step: { readonly at?: number }): readonly JsonObject[] {
    const toRow = rowWith<Row>((row) => row, step)
    const toControl = controlWith(step)
    return this.#harness
      .elements()
      .map((element) => (element.type === 'record' ? toRow(element) : toControl(element)))
  }

  #add(name: string, rows: readonly JsonObject[]): void {
    this.#outputs.get(name)?.push(...rows)
  }
}

/** Whether Flink ran the case on a cluster. */
function isWholeJob({ op, mode }: CaseJob): boolean {
  return mode === 'batch' || mode === 'streaming' || op === 'running' || op === 'stateless'
}

function rowWith<T>(
  row: (value: T) => Row,
  step: { readonly at?: number },
): (record: { readonly value: T; readonly timestamp: number | null }) => JsonObject {
  return ({ value, timestamp }) => ({
    ...row(value),
    ts: timestamp === null ? null : timeName(timestamp),
    ...step,
  })
}

function controlWith(step: { readonly at?: number }): (control: HarnessControl) => JsonObject {
  return (control) =>
    control.type === 'watermark'
      ? { w: timeName(control.watermark), ...step }
      : { idle: control.isIdle, ...step }
}

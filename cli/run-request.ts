/**
 * From the options of a command to a plan with everything it names: a new plan, or one that was given with `--plan` and
 * changed by the other options.
 */
import {
  PLAN_DEFAULTS,
  checkPlan,
  defaultInput,
  inputLines,
  mutantNames,
  workersOf,
} from '../sim/index.ts'
import type {
  Fault,
  MutantName,
  Plan,
  PlanConfig,
  PlanInput,
  PlanJob,
  WorkloadItem,
} from '../sim/index.ts'
import type { Arguments } from './arguments.ts'
import { usage } from './arguments.ts'
import type { OptionSpec } from './command.ts'
import { readInputFile } from './input-file.ts'
import type { InputFile } from './input-file.ts'
import type { LoadedJob } from './job-module.ts'
import { readPlan } from './plan-argument.ts'
import type { GivenPlan } from './plan-argument.ts'

export interface RunRequest {
  readonly job: LoadedJob
  readonly plan: Plan
  readonly input: InputFile | null
  /** What is fed. */
  readonly lines: readonly WorkloadItem[]
  /** The trace hash that the link of `--plan` promises. */
  readonly expectedHash: string | null
}

/** What a person chooses of a plan. */
export interface Choices {
  readonly seed?: number
  readonly parallelism?: number
  readonly faults: readonly Fault[]
  readonly mutant?: MutantName
}

export const INPUT_OPTION: OptionSpec = {
  type: 'string',
  value: 'FILE',
  help: 'an access log (common or combined format, plain or gzip) or "ip,bytes" lines; default: the generator that fits the job',
}

export const PLAN_OPTION: OptionSpec = {
  type: 'string',
  value: 'FILE|URL',
  help: "a plan: a JSON file, a link of the page, or the link's part '#p=…'; other options change it",
}

export const SEED_OPTION: OptionSpec = {
  type: 'string',
  value: 'N',
  help: 'what everything random is drawn from; default 1',
}

export const MUTANT_OPTION: OptionSpec = {
  type: 'string',
  value: 'NAME',
  help: 'switch a known bug on (weir mutants --list names them)',
}

/** The options that `weir demo` and `weir simulate` share. */
export const RUN_OPTIONS = {
  input: INPUT_OPTION,
  seed: SEED_OPTION,
  parallelism: {
    type: 'string',
    value: 'N',
    help: `subtasks of each operator; default: the job's own, else ${PLAN_DEFAULTS.parallelism}`,
  },
  crash: {
    type: 'string',
    multiple: true,
    value: 'WORKER@MS',
    help: 'crash a worker at a virtual time, as worker-1@2500; may be repeated',
  },
} as const satisfies Readonly<Record<string, OptionSpec>>

/** Records per second of virtual time that a new plan feeds at most: what the generator's default makes. */
const RECORDS_PER_SECOND = 1250
const SEED_MAX = 0xffff_ffff

/** `--input FILE`, read. */
export function readInput(args: Arguments): InputFile | null {
  const path = args.text('input')
  return path === undefined ? null : readInputFile(path)
}

export function readSeed(args: Arguments): number | undefined {
  return args.integer('seed', 0, SEED_MAX)
}

export function readMutant(args: Arguments): MutantName | undefined {
  const name = args.text('mutant')
  return name === undefined ? undefined : mutantNamed(name)
}

/** Throws ConfigurationError for a bug that is not known. */
export function mutantNamed(name: string): MutantName {
  const known = mutantNames().find((mutant) => mutant === name)
  if (known !== undefined) return known
  throw usage(`There is no mutant "${name}"; there are ${mutantNames().join(', ')}.`)
}

/** The plan that the options describe, checked, and its lines. Throws ConfigurationError. */
export async function requestRun(args: Arguments, job: LoadedJob): Promise<RunRequest> {
  const input = readInput(args)
  const given = args.text('plan')
  const base = given === undefined ? null : await readPlan(given)
  if (base !== null) checkFits(base, job, input)
  const seed = readSeed(args)
  const parallelism = args.integer('parallelism', 1, 128)
  const mutant = readMutant(args)
  const choices: Choices = {
    ...(seed === undefined ? {} : { seed }),
    ...(parallelism === undefined ? {} : { parallelism }),
    faults: args.texts('crash').map((text) => readCrash(text, base?.plan.config ?? {})),
    ...(mutant === undefined ? {} : { mutant }),
  }
  const plan = base === null ? newPlan(job, input, choices) : changePlan(base.plan, choices)
  return {
    job,
    plan: checkPlan(plan),
    input,
    lines: input === null ? inputLines(plan) : input.lines,
    expectedHash: plan === base?.plan ? base.traceHash : null,
  }
}

/** A plan made of choices; the same ones make the same plan. */
export function newPlan(job: LoadedJob, input: InputFile | null, choices: Choices): Plan {
  const { seed = 1, parallelism, faults, mutant } = choices
  const durationMs = Math.ceil((input?.lines.length ?? 0) / RECORDS_PER_SECOND) * 1000
  const config: PlanConfig = {
    ...(parallelism === undefined ? {} : { parallelism }),
    ...(durationMs > PLAN_DEFAULTS.inputDurationMs ? { inputDurationMs: durationMs } : {}),
    ...(needsPartitions(job, parallelism) ? { inputPartitions: parallelism } : {}),
  }
  const fed = input === null ? defaultInput(job.job) : planInput(input)
  const plan: Plan = { v: 1, job: job.planJob, config, seed, input: fed, faults }
  return mutant === undefined ? plan : { ...plan, mutant }
}

/** A subtask without a partition brings no watermark, and event time would stand still. */
function needsPartitions(
  { job }: LoadedJob,
  parallelism: number | undefined,
): parallelism is number {
  if (parallelism === undefined || parallelism <= PLAN_DEFAULTS.inputPartitions) return false
  return job.graph.nodes.some(({ work }) => work.type === 'source' && work.watermarks !== null)
}

/** How a plan names an input file. */
export function planInput({ name, sha256 }: InputFile): PlanInput {
  return { file: name, sha256 }
}

/** The very same object when nothing was chosen. */
function changePlan(plan: Plan, { seed, parallelism, faults, mutant }: Choices): Plan {
  let changed = plan
  if (seed !== undefined) changed = { ...changed, seed }
  if (parallelism !== undefined)
    changed = { ...changed, config: { ...changed.config, parallelism } }
  if (faults.length > 0) changed = { ...changed, faults: [...changed.faults, ...faults] }
  if (mutant !== undefined) changed = { ...changed, mutant }
  return changed
}

function readCrash(text: string, config: PlanConfig): Fault {
  const [, on, time] = /^(.*)@(\d+(?:\.\d+)?)$/.exec(text) ?? []
  const workers = workersOf(config)
  if (on === undefined || time === undefined) {
    throw usage(`--crash is "${text}"; write a worker and a time in ms, as --crash worker-1@2500.`)
  }
  if (!workers.includes(on)) {
    throw usage(
      `--crash names the worker "${on}"; the workers of this run are ${workers.join(', ')}.`,
    )
  }
  const most = 86_400_000
  if (Number(time) > most) {
    throw usage(`--crash is "${text}"; the time is in ms of the run and at most ${most}, one day.`)
  }
  return { kind: 'crash', on, at: { t: Number(time) } }
}

/** Whether the job and the input are those that the plan was made for. */
function checkFits({ plan, source }: GivenPlan, job: LoadedJob, input: InputFile | null): void {
  checkJob(plan.job, source, job)
  if (!('file' in plan.input)) {
    if (input === null) return
    throw usage(
      `The input of ${source} is the generator "${plan.input.generator}", not a file; leave out --input.`,
    )
  }
  const { file, sha256 } = plan.input
  if (input?.sha256 === sha256) return
  const unpacked = file.endsWith('.gz') ? ' (unpacked)' : ''
  const wanted = `The input of ${source} is the file "${file}" with the sha256 ${sha256}${unpacked}`
  if (input === null) throw usage(`${wanted}; give it with --input.`)
  throw usage(`${wanted}, but ${input.path} has ${input.sha256}; give that file with --input.`)
}

function checkJob(wanted: PlanJob, source: string, { argument, planJob }: LoadedJob): void {
  if ('builtin' in wanted) {
    if ('builtin' in planJob && planJob.builtin === wanted.builtin) return
    throw usage(
      `The job of ${source} is "${wanted.builtin}", not ${argument}; give ${wanted.builtin}.`,
    )
  }
  const given = 'builtin' in planJob ? 'a job that ships with Weir' : planJob.sha256
  if (given === wanted.sha256) return
  throw usage(
    `The job of ${source} is the module ${wanted.module} with the sha256 ${wanted.sha256}, but ${argument} is ${given}; give that module.`,
  )
}

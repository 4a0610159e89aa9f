/** `weir fuzz JOB`: a campaign of random fault plans, what the faults hit, and a shrunk counterexample if there is one. */
import { runCampaign } from '../sim/testing/index.ts'
import type { CampaignResult } from '../sim/testing/index.ts'
import type { Arguments } from './arguments.ts'
import { usage } from './arguments.ts'
import type { Command } from './command.ts'
import { fuzzText } from './fuzz-report.ts'
import { JOB_POSITIONAL, loadJob } from './job-module.ts'
import { linkOf } from './replay.ts'
import {
  INPUT_OPTION,
  MUTANT_OPTION,
  SEED_OPTION,
  planInput,
  readInput,
  readMutant,
  readSeed,
} from './run-request.ts'
import { ProgressLine, bar, count, plural, print, printJson } from './terminal.ts'

const RUNS_DEFAULT = 300
export const RUNS_MAX = 1_000_000

export const fuzzCommand: Command = {
  name: 'fuzz',
  summary: 'random fault plans against a job: coverage matrix, shrunk counterexample',
  positionals: [JOB_POSITIONAL],
  options: {
    runs: { type: 'string', value: 'N', help: `how many plans; default ${RUNS_DEFAULT}` },
    seed: SEED_OPTION,
    shard: { type: 'string', value: 'I/N', help: 'run only the I-th of N equal parts, as 1/4' },
    input: { ...INPUT_OPTION, help: 'feed this file in every run; default: generated lines' },
    mutant: MUTANT_OPTION,
  },
  examples: [
    'weir fuzz traffic-statistics --runs 300',
    'weir fuzz job.ts --runs 10000 --shard 1/4',
  ],
  run: runFuzz,
}

async function runFuzz(args: Arguments): Promise<number> {
  const runs = args.integer('runs', 1, RUNS_MAX) ?? RUNS_DEFAULT
  const seed = readSeed(args) ?? 1
  const shard = readShard(args.text('shard'))
  const mutant = readMutant(args)
  const input = readInput(args)
  const job = await loadJob(args.positionals[0] ?? '')
  const line = new ProgressLine()
  const expected = shard === undefined ? runs : runsOfShard(runs, shard)
  const result = runCampaign(job.job, {
    runs,
    seed,
    job: job.planJob,
    services: job.services,
    ...(shard === undefined ? {} : { shard }),
    ...(mutant === undefined ? {} : { mutant }),
    ...(input === null ? {} : { input: planInput(input), lines: input.lines }),
    onRun: (done, { verdict }) => {
      const isFine = verdict.outcome === 'passed'
      const state = isFine ? 'no violation' : 'violated, shrinking the plan …'
      line.show(
        () => `${bar(done / expected, 24)} ${count(done)} of ${plural(expected, 'run')}  ${state}`,
      )
    },
  })
  line.clear()
  if (args.flag('json')) printJson(await fuzzJson(result))
  else print((await fuzzText(result, { job, input, seed, expected })).join('\n'))
  return result.failure === null ? 0 : 1
}

/** `{runs, effective, violations, faults}`, with at most one violation: a campaign ends at the first. */
async function fuzzJson({ runs, effective, faults, failure }: CampaignResult): Promise<object> {
  if (failure === null) return { runs, effective, violations: [], faults }
  const { invariant, plan, found, run, result } = failure
  const violation = {
    invariant,
    message: result.verdict.violations.find((one) => one.invariant === invariant)?.message ?? '',
    plan,
    foundPlan: found,
    run,
    url: await linkOf(plan, result.traceHash),
  }
  return { runs, effective, violations: [violation], faults }
}

function readShard(text: string | undefined): { index: number; of: number } | undefined {
  if (text === undefined) return undefined
  const [, index, of] = (/^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? []).map(Number)
  if (index !== undefined && of !== undefined && index >= 1 && index <= of) return { index, of }
  throw usage(`--shard is "${text}"; write I/N with I from 1 to N, as --shard 1/4.`)
}

function runsOfShard(runs: number, { index, of }: { index: number; of: number }): number {
  return Math.max(0, Math.floor((runs - index) / of) + 1)
}

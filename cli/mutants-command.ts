/** `weir mutants`: switches each known bug on and lets campaigns look for it; a check that finds none is broken. */
import { BUILTIN_JOBS } from '../lessons/jobs/index.ts'
import { FEATURE_MUTANTS, MUTANTS, mutantNames } from '../sim/index.ts'
import type { InvariantId, MutantName } from '../sim/index.ts'
import { runCampaign } from '../sim/testing/index.ts'
import type { Arguments } from './arguments.ts'
import type { Command } from './command.ts'
import { RUNS_MAX } from './fuzz-command.ts'
import { SEED_OPTION, mutantNamed, readSeed } from './run-request.ts'
import { ProgressLine, count, paint, plural, print, printJson, table } from './terminal.ts'

/** The shyest of them shows in one plan of some hundreds. */
const RUNS_DEFAULT = 1000

export const mutantsCommand: Command = {
  name: 'mutants',
  summary: 'switches each known bug on; every one must be caught',
  positionals: [
    { name: 'NAME…', isOptional: true, isMany: true, help: 'the bugs to switch on; default: all' },
  ],
  options: {
    list: { type: 'boolean', help: 'name the known bugs and run nothing' },
    runs: {
      type: 'string',
      value: 'N',
      help: `plans for each bug and job; default ${RUNS_DEFAULT}`,
    },
    seed: SEED_OPTION,
  },
  examples: [
    'weir mutants',
    'weir mutants --list',
    'weir simulate traffic-statistics --mutant NAME',
  ],
  run: runMutants,
}

interface Trial {
  readonly mutant: MutantName
  /** The job and the invariant that gave it away; null when nothing did. */
  readonly caught: { readonly job: string; readonly invariant: InvariantId } | null
  /** Plans that were run, over all jobs. */
  readonly runs: number
  /** How often the wrong code was reached. */
  readonly hits: number
}

async function runMutants(args: Arguments): Promise<number> {
  const given = args.positionals.map(mutantNamed)
  // The others need jobs of their own: test/mutants has them.
  const shown = mutantNames().filter((name) => !(name in FEATURE_MUTANTS))
  const names = given.length === 0 ? shown : given
  const runs = args.integer('runs', 1, RUNS_MAX) ?? RUNS_DEFAULT
  const seed = readSeed(args) ?? 1
  const isJson = args.flag('json')
  if (args.flag('list')) {
    const mutants = names.map((name) => ({ name, description: MUTANTS[name] }))
    if (isJson) printJson({ mutants })
    else print(table(mutants.map(({ name, description }) => [name, description])).join('\n'))
    return 0
  }
  const line = new ProgressLine()
  const trials = names.map((mutant, index) => {
    line.show(() => `bug ${index + 1} of ${names.length}: ${mutant} …`)
    return tryMutant(mutant, runs, seed)
  })
  line.clear()
  const missed = trials.filter(({ caught }) => caught === null)
  if (isJson) printJson(mutantsJson(trials))
  else print(mutantsText(trials).join('\n'))
  return missed.length === 0 ? 0 : 1
}

/** Campaigns against each shipped job, short ones first and those that reach the bug before others, until one finds it. */
function tryMutant(mutant: MutantName, runs: number, seed: number): Trial {
  let done = 0
  let hits = 0
  const reached = new Set<string>()
  for (const share of [Math.ceil(runs / 100), Math.ceil(runs / 10), runs]) {
    const jobs = Object.entries(BUILTIN_JOBS)
    const isReached = ([job]: (typeof jobs)[number]): boolean => reached.has(job)
    const others = jobs.filter((job) => !isReached(job))
    for (const [job, definition] of [...jobs.filter(isReached), ...others]) {
      const result = runCampaign(definition, { runs: share, seed, mutant, job: { builtin: job } })
      done += result.runs
      hits += result.mutantHits
      if (result.mutantHits > 0) reached.add(job)
      if (result.failure === null) continue
      return { mutant, caught: { job, invariant: result.failure.invariant }, runs: done, hits }
    }
  }
  return { mutant, caught: null, runs: done, hits }
}

function mutantsJson(trials: readonly Trial[]): object {
  const caught = trials.filter((trial) => trial.caught !== null).length
  return {
    caught,
    missed: trials.length - caught,
    mutants: trials.map((trial) => ({
      name: trial.mutant,
      description: MUTANTS[trial.mutant],
      caught: trial.caught !== null,
      invariant: trial.caught?.invariant ?? null,
      job: trial.caught?.job ?? null,
      runs: trial.runs,
      hits: trial.hits,
    })),
  }
}

function mutantsText(trials: readonly Trial[]): string[] {
  const rows = trials.map(({ mutant, caught, runs, hits }) => {
    if (caught === null) {
      const why = hits === 0 ? 'its code was never reached' : `reached ${plural(hits, 'time')}`
      return [paint('red', 'missed'), mutant, '', count(runs), why]
    }
    return [paint('green', 'caught'), mutant, caught.invariant, count(runs), caught.job]
  })
  const head = ['', 'bug', 'by', 'plans', 'job'].map((name) => paint('dim', name))
  const caught = trials.filter((trial) => trial.caught !== null).length
  const all = caught === trials.length
  const verdict = `${caught} of ${plural(trials.length, 'known bug')} caught`
  return [...table([head, ...rows], [3]), '', paint(all ? 'green' : 'red', paint('bold', verdict))]
}

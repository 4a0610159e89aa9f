/** A campaign in text: what the faults hit, how far the result reaches, and the counterexample. */
import { FAULT_KINDS, PHASES, encodePlan } from '../sim/index.ts'
import type { CampaignResult } from '../sim/testing/index.ts'
import { faultWords } from './fault-words.ts'
import { linkOf, replayCommand, uiCommand } from './replay.ts'
import type { Replayable } from './replay.ts'
import { count, labelled, paint, plural, printable, table } from './terminal.ts'

export type FuzzContext = Pick<Replayable, 'job' | 'input'> & {
  readonly seed: number
  /** Runs that there would have been without a violation. */
  readonly expected: number
}

export async function fuzzText(result: CampaignResult, context: FuzzContext): Promise<string[]> {
  const { job, seed, expected } = context
  const head = [
    paint('bold', printable(job.job.name)),
    plural(expected, 'random plan'),
    `seed ${seed}`,
  ]
  return [
    head.join('  ·  '),
    '',
    ...matrix(result),
    '',
    ...labelled([['faults', outcomes(result)], ...verdictRows(result)]),
    ...(result.failure === null ? [] : ['', ...(await counterexample(result.failure, context))]),
  ]
}

/** How often each kind of fault hit each phase; a dot for never. */
function matrix({ coverage }: CampaignResult): string[] {
  const cell = (hits: number): string => (hits === 0 ? paint('dim', '·') : count(hits))
  const head = ['  fired in phase', ...FAULT_KINDS].map((name) => paint('dim', name))
  const rows = PHASES.map((phase) => [
    `  ${phase}`,
    ...FAULT_KINDS.map((kind) => cell(coverage[kind][phase])),
  ])
  return table([head, ...rows], [1, 2, 3, 4])
}

function outcomes({ faults }: CampaignResult): string {
  const sum = (which: 'fired' | 'notReached' | 'noEffect'): string =>
    count(FAULT_KINDS.reduce((total, kind) => total + faults[kind][which], 0))
  return `${sum('fired')} fired, ${sum('notReached')} not reached, ${sum('noEffect')} without effect`
}

/** A passed campaign proves a bound, not the absence of bugs: the rule of three, with 95 % confidence. */
function verdictRows(result: CampaignResult): [string, string][] {
  const { runs, effective, repeated, unjudged, failure } = result
  const share = runs === 0 ? 0 : (100 * effective) / runs
  const rows: [string, string][] = [
    [
      'effective',
      `${count(effective)} of ${plural(runs, 'run')} had a fault that fired (${share.toFixed(1)} %)`,
    ],
    ['repeated', `${plural(repeated, 'run')} a second time, to compare the trace hash`],
    ...unjudged.map(({ topic, reason, runs: some }): [string, string] => [
      'not judged',
      printable(`${topic} in ${plural(some, 'run')}: ${reason}`),
    ]),
  ]
  if (failure !== null) {
    const words = paint('red', paint('bold', 'VIOLATED'))
    return [...rows, ['verdict', `${words}  ${failure.invariant} in run ${count(failure.run)}`]]
  }
  if (runs === 0)
    return [...rows, ['verdict', 'nothing was run: this shard has no part in so few runs']]
  const words = paint('green', paint('bold', 'NO VIOLATION'))
  return [...rows, ['verdict', `${words} in ${plural(runs, 'run')}: ${ruleOfThree(runs)}`]]
}

function ruleOfThree(runs: number): string {
  const bound = Math.min(100, 300 / runs)
  const digits = bound >= 0.1 ? 1 : 4
  return `at most ${bound.toFixed(digits)} % of such plans fail, with 95 % confidence (3/N)`
}

async function counterexample(
  failure: NonNullable<CampaignResult['failure']>,
  { job, input }: FuzzContext,
): Promise<string[]> {
  const { plan, found, result, invariant, runs } = failure
  const run = { job, input, plan }
  const messages = result.verdict.violations.map(
    (violation) => [violation.invariant, printable(violation.message)] as const,
  )
  const size = `${plural(found.faults.length, 'fault')} to ${plural(plan.faults.length, 'fault')}`
  return [
    ...labelled([
      ...messages.map(
        ([id, message]) => ['violations', `${paint('red', id)}  ${message}`] as const,
      ),
      ['shrunk', `from ${size} in ${plural(runs, 'run')}, all of which break ${invariant}`],
      ...plan.faults.map((fault) => ['faults', faultWords(fault)] as const),
      ['plan', encodePlan(plan)],
      ['replay', await replayCommand(run)],
      ['look', `${uiCommand(run)}, then open`],
      ['look', await linkOf(plan, result.traceHash)],
    ]),
  ]
}

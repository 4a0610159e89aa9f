/** How to have a run again: the command that repeats it, and the link that shows it. */
import { encodePlan } from '../sim/index.ts'
import type { Plan } from '../sim/index.ts'
import { encodeRunLink } from '../visualizer/plan-url.ts'
import { newPlan } from './run-request.ts'
import type { RunRequest } from './run-request.ts'

/** Where `weir ui` serves the page when the port is free, so that printed links work. */
export const PAGE_PORT = 8737

/** What a replay needs to know of a run. */
export type Replayable = Pick<RunRequest, 'job' | 'input' | 'plan'>

/** The page's address of a run: `origin` and a fragment with the plan and the hash of its trace. */
export async function linkOf(
  plan: Plan,
  traceHash: string | null,
  origin?: string,
): Promise<string> {
  const base = origin ?? `http://127.0.0.1:${PAGE_PORT}/`
  return `${base}${await encodeRunLink({ planJson: encodePlan(plan), traceHash })}`
}

/** The command that shows the page where the link of the run works. */
export function uiCommand({ job, input }: Replayable): string {
  const module = job.file === null ? [] : [job.argument]
  const file = input === null ? [] : ['--input', input.path]
  return command(['ui', ...module, ...file])
}

/** The shortest command that repeats the run: by options where they say it all, else with the plan. */
export async function replayCommand(run: Replayable): Promise<string> {
  const { job, input, plan } = run
  const file = input === null ? [] : ['--input', input.path]
  const options = findOptions(run)
  if (options !== undefined) return command(['simulate', job.argument, ...file, ...options])
  const link = await encodeRunLink({ planJson: encodePlan(plan), traceHash: null })
  return command(['simulate', job.argument, ...file, '--plan', link])
}

function findOptions({ job, input, plan }: Replayable): string[] | undefined {
  const { seed, faults, mutant } = plan
  const { parallelism } = plan.config
  const choices = {
    seed,
    ...(parallelism === undefined ? {} : { parallelism }),
    faults,
    ...(mutant === undefined ? {} : { mutant }),
  }
  if (encodePlan(newPlan(job, input, choices)) !== encodePlan(plan)) return undefined
  const options = ['--seed', String(seed)]
  if (parallelism !== undefined) options.push('--parallelism', String(parallelism))
  for (const fault of faults) {
    const isPlain = fault.kind === 'crash' && 't' in fault.at && fault.restartAfterMs === undefined
    if (!isPlain || !('t' in fault.at)) return undefined
    options.push('--crash', `${fault.on}@${fault.at.t}`)
  }
  return mutant === undefined ? options : [...options, '--mutant', mutant]
}

/** A line for a shell. */
function command(words: readonly string[]): string {
  const quoted = words.map((word) =>
    /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`,
  )
  return ['npx weir', ...quoted].join(' ')
}

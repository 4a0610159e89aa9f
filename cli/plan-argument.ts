/** `--plan FILE|URL`: a plan as JSON in a file, or packed in the fragment of a link of the page. */
import { ConfigurationError, parsePlan } from '../sim/index.ts'
import type { Plan } from '../sim/index.ts'
import { decodeRunLink } from '../visualizer/plan-url.ts'
import { usage } from './arguments.ts'
import { readFileBytes } from './input-file.ts'

export interface GivenPlan {
  readonly plan: Plan
  /** What to call it in a sentence. */
  readonly source: string
  /** The trace hash that a link promises; null for a file. */
  readonly traceHash: string | null
}

/** Throws ConfigurationError for what is no plan. */
export async function readPlan(argument: string): Promise<GivenPlan> {
  const isLink = /^(https?:|#)/.test(argument)
  return isLink ? await readLink(argument) : readPlanFile(argument)
}

async function readLink(argument: string): Promise<GivenPlan> {
  const start = argument.indexOf('#')
  const link = await decodeRunLink(start === -1 ? '' : argument.slice(start)).catch(() => undefined)
  if (link === null) {
    throw usage('The link of --plan has no plan; give a whole link, it ends in #p=… (in quotes).')
  }
  if (link === undefined) {
    throw usage('The link of --plan is damaged behind "#p="; copy it again, whole and in quotes.')
  }
  const source = 'the link'
  return { plan: parse(link.planJson, source), source, traceHash: link.traceHash }
}

function readPlanFile(path: string): GivenPlan {
  const bytes = readFileBytes(path, "a plan as JSON, or a link of the page with '#p=…'")
  if (bytes.includes(0)) throw usage(`${path} is a binary file; give a plan as JSON.`)
  const json = new TextDecoder().decode(bytes)
  if (json.trim() === '') throw usage(`${path} is empty; give a plan as JSON.`)
  return { plan: parse(json, path), source: path, traceHash: null }
}

/** The sentence of the simulator, with the place where the plan came from. */
function parse(json: string, source: string): Plan {
  try {
    return parsePlan(json)
  } catch (error) {
    throw error instanceof ConfigurationError ? usage(`${source}: ${error.message}`) : error
  }
}

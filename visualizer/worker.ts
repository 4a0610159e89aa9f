/**
 * The run's own thread: resolves what a plan names, simulates it, streams the trace. Knows engine and simulator, and
 * of the page only the protocol. The simulation runs ahead of playback as fast as it can; a page that wants another
 * run ends this worker.
 */
import {
  ConfigurationError,
  Simulation,
  accessLogRecords,
  defaultInput,
  inputLines,
} from '../sim/index.ts'
import type { Plan, SimulatedServices, WorkloadItem } from '../sim/index.ts'
import { describeError } from '../engine/errors.ts'
import type { Job } from '../engine/index.ts'
import { BUILTIN_JOBS } from '../lessons/jobs/index.ts'
import type { FromWorker, JobChoice, Problem, ToWorker } from './worker-protocol.ts'

/** Dispatched events between two messages. */
const SLICE = 500
/** A run with more input than this is traced without its records: they would not fit into the page's memory. */
const RECORDS_TRACED_MAX = 100_000

const JOBS = Object.entries(BUILTIN_JOBS).map(([name, job]): JobChoice => {
  return { name, title: job.name, input: defaultInput(job) }
})

self.addEventListener('message', ({ data }: MessageEvent<ToWorker>) => void run(data))

async function run({ run: id, plan, baseUrl }: ToWorker): Promise<void> {
  const send = (message: FromWorker): void => self.postMessage(message)
  send({ type: 'jobs', run: id, jobs: JOBS })
  try {
    const [{ job, services }, lines] = await Promise.all([
      resolveJob(plan, baseUrl),
      resolveLines(plan, baseUrl),
    ])
    const traceLevel = lines.length > RECORDS_TRACED_MAX ? 'control' : 'records'
    const simulation = new Simulation(job, plan, { lines, traceLevel, services })
    send({ type: 'started', run: id, topology: simulation.topology, traceLevel })
    let sent = 0
    for (let isRunning = true; isRunning;) {
      isRunning = simulation.advance(SLICE)
      send({ type: 'events', run: id, events: simulation.trace.slice(sent) })
      sent = simulation.trace.length
    }
    const { verdict, traceHash, summary, faults } = simulation.result()
    send({ type: 'finished', run: id, result: { verdict, traceHash, summary, faults } })
  } catch (error) {
    send({ type: 'refused', run: id, problem: problemOf(error) })
  }
}

/** A plan that cannot be run here, for a reason that the page has words for. */
class Refusal extends Error {
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.type)
    this.problem = problem
  }
}

/** A job with what its asynchronous operators call. */
interface ResolvedJob {
  readonly job: Job
  readonly services: SimulatedServices
}

async function resolveJob({ job }: Plan, baseUrl: string): Promise<ResolvedJob> {
  if ('builtin' in job) {
    const found = Object.hasOwn(BUILTIN_JOBS, job.builtin) ? BUILTIN_JOBS[job.builtin] : undefined
    if (found !== undefined) return { job: found, services: {} }
    const known = Object.keys(BUILTIN_JOBS)
    throw new Refusal({ type: 'unknown-job', name: job.builtin, known })
  }
  const { module: file, sha256 } = job
  const url = new URL(`jobs/${sha256}.js`, baseUrl).href
  try {
    const loaded: { readonly default: Job; readonly services?: SimulatedServices } = await import(
      /* @vite-ignore */ url
    )
    return { job: loaded.default, services: loaded.services ?? {} }
  } catch {
    throw new Refusal({ type: 'missing-job', file, sha256 })
  }
}

async function resolveLines(plan: Plan, baseUrl: string): Promise<readonly WorkloadItem[]> {
  if (!('file' in plan.input)) return inputLines(plan)
  const { file, sha256 } = plan.input
  const missing = new Refusal({ type: 'missing-input', file, sha256 })
  const response = await fetch(new URL(`inputs/${sha256}`, baseUrl)).catch(() => null)
  if (response?.ok !== true) throw missing
  const bytes = await response.arrayBuffer()
  // A server that answers everything with its start page has no such file. Hashes need a secure context.
  if (self.isSecureContext && (await sha256Of(bytes)) !== sha256) throw missing
  return accessLogRecords(new TextDecoder().decode(bytes))
}

async function sha256Of(bytes: ArrayBuffer): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

function problemOf(error: unknown): Problem {
  if (error instanceof Refusal) return error.problem
  const message = error instanceof ConfigurationError ? error.message : describeError(error)
  return { type: 'other', message }
}

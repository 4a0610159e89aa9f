/**
 * `weir demo`, which is `npm start`: the main job on an access log, simulated, crashed in the middle of a checkpoint,
 * recovered, judged, and then shown: the page opens with this very run.
 */
import { Simulation } from '../sim/index.ts'
import type { Fault, SimulationResult } from '../sim/index.ts'
import type { Arguments } from './arguments.ts'
import { usage } from './arguments.ts'
import type { Command } from './command.ts'
import { loadJob } from './job-module.ts'
import { PORT_OPTION, readPort, servePage } from './page-server.ts'
import { linkOf, replayCommand } from './replay.ts'
import { runJson } from './run-json.ts'
import { runPlan } from './run-plan.ts'
import {
  exitCodeOf,
  faultsOf,
  hashRows,
  headOf,
  malformedOf,
  numbersOf,
  topOf,
} from './run-report.ts'
import { RUN_OPTIONS, requestRun } from './run-request.ts'
import type { RunRequest } from './run-request.ts'
import { labelled, paint, print, printBlocks, printJson } from './terminal.ts'

export const demoCommand: Command = {
  name: 'demo',
  summary: 'the main job on an access log: simulated, crashed, recovered, judged and shown',
  positionals: [],
  options: {
    ...RUN_OPTIONS,
    'no-crash': { type: 'boolean', help: 'run without the crash in the middle of a checkpoint' },
    'no-serve': { type: 'boolean', help: 'end after the summary instead of serving the page' },
    port: PORT_OPTION,
  },
  examples: [
    'weir demo',
    'weir demo --input access.log.gz --no-serve',
    'weir demo --no-serve --json',
  ],
  run: runDemo,
}

async function runDemo(args: Arguments): Promise<number> {
  const port = readPort(args)
  const isCrashGiven = args.texts('crash').length > 0
  if (args.flag('no-crash') && isCrashGiven) {
    throw usage('--no-crash and --crash contradict each other; give only one of them.')
  }
  const job = await loadJob('traffic-statistics')
  const wanted = await requestRun(args, job)
  const request = args.flag('no-crash') || isCrashGiven ? wanted : withCrash(wanted)
  if (args.flag('json')) {
    const { result } = runPlan(request)
    printJson(runJson(result))
    return exitCodeOf(result)
  }
  if (args.flag('no-serve')) return exitCodeOf(await runAndReport(request))
  // Before the run, so that a port that is taken is told at once.
  const server = await servePage({ port, job, input: request.input })
  try {
    const result = await runAndReport(request)
    const url = await linkOf(request.plan, result.traceHash, server.url)
    print(`\n  ${paint('bold', 'Look at this run')} (end with Ctrl-C):\n  ${paint('cyan', url)}`)
    await server.untilSignal()
    return exitCodeOf(result)
  } finally {
    await server.close()
  }
}

async function runAndReport(request: RunRequest): Promise<SimulationResult> {
  const { result } = runPlan(request)
  const replay = ['replay', await replayCommand(request)] as const
  printBlocks([
    [headOf(request, result)],
    numbersOf(result),
    faultsOf(result),
    topOf(result),
    malformedOf(result),
    labelled([...hashRows(result.traceHash, null), replay]),
  ])
  return result
}

/** Checkpoints that begin before the one that is hit. */
const CHECKPOINTS_BEFORE = 4

/**
 * The run with a crash right after the first snapshot of a checkpoint: it is pending then and has to be aborted. Which
 * snapshot that is, and which worker runs subtasks, shows the same run without the crash: up to it they are one.
 */
function withCrash(request: RunRequest): RunRequest {
  const { job, plan, lines } = request
  const probe = new Simulation(job.job, plan, { lines, services: job.services })
  let snapshots = 0
  let seen = 0
  const begun = new Set<number>()
  const busy = new Set<string>()
  while (begun.size <= CHECKPOINTS_BEFORE && probe.advance(1)) {
    for (; seen < probe.trace.length; seen++) {
      const event = probe.trace[seen]
      if (event?.type === 'subtask-status-changed') busy.add(event.worker)
      if (event?.type !== 'snapshot-taken') continue
      snapshots += 1
      begun.add(event.checkpoint)
    }
  }
  const [worker = 'worker-1'] = [...busy].toSorted()
  const fault: Fault = {
    kind: 'crash',
    on: worker,
    at: { point: 'snapshot-taken', nth: Math.max(1, snapshots) },
  }
  return { ...request, plan: { ...plan, faults: [fault] } }
}

/** `weir simulate JOB`: one run, its verdict, its recoveries, and how to have it again. */
import { closeSync, openSync, writeSync } from 'node:fs'
import type { TraceEvent } from '../sim/index.ts'
import { CheckpointTracker } from '../engine/metrics/checkpoint-statistics.ts'
import type { Arguments } from './arguments.ts'
import { usage } from './arguments.ts'
import { checkpointTable } from './checkpoint-report.ts'
import type { Command } from './command.ts'
import { errorCode } from './input-file.ts'
import { JOB_POSITIONAL, loadJob } from './job-module.ts'
import { linkOf, replayCommand, uiCommand } from './replay.ts'
import { simulateJson } from './run-json.ts'
import { runPlan } from './run-plan.ts'
import {
  exitCodeOf,
  faultsOf,
  hashRows,
  headOf,
  malformedOf,
  numbersOf,
  recoveriesOf,
  topOf,
} from './run-report.ts'
import { MUTANT_OPTION, PLAN_OPTION, RUN_OPTIONS, requestRun } from './run-request.ts'
import { labelled, printBlocks, printJson } from './terminal.ts'

export const simulateCommand: Command = {
  name: 'simulate',
  summary: 'one run of a job in the simulator: verdict, recovery timeline, replay, link',
  positionals: [JOB_POSITIONAL],
  options: {
    plan: PLAN_OPTION,
    ...RUN_OPTIONS,
    mutant: MUTANT_OPTION,
    trace: {
      type: 'string',
      value: 'FILE',
      help: 'write the events of the run, one JSON line each',
    },
  },
  examples: [
    'weir simulate traffic-statistics --seed 7 --crash worker-1@2500',
    'weir simulate job.ts --plan plan.json --trace run.jsonl',
  ],
  run: runSimulate,
}

async function runSimulate(args: Arguments): Promise<number> {
  const job = await loadJob(args.positionals[0] ?? '')
  const request = await requestRun(args, job)
  const tracePath = args.text('trace')
  const file = tracePath === undefined ? null : openTrace(tracePath)
  const { result, trace } = runPlan(request)
  const checkpoints = new CheckpointTracker()
  for (const event of trace) checkpoints.observe(event)
  if (file !== null) writeTrace(file, trace)
  if (args.flag('json')) {
    printJson(simulateJson(result, checkpoints))
    return exitCodeOf(result)
  }
  printBlocks([
    [headOf(request, result)],
    numbersOf(result),
    faultsOf(result),
    checkpointTable(checkpoints),
    ...recoveriesOf(result),
    topOf(result),
    malformedOf(result),
    labelled([
      ...hashRows(result.traceHash, request.expectedHash),
      ['replay', await replayCommand(request)],
      ['look', `${uiCommand(request)}, then open`],
      ['look', await linkOf(request.plan, result.traceHash)],
    ]),
  ])
  return exitCodeOf(result)
}

/** Opened before the run, so that a path that cannot be written is told at once. */
function openTrace(path: string): number {
  try {
    return openSync(path, 'w')
  } catch (error) {
    const code = errorCode(error)
    if (code === undefined) throw error
    throw usage(`--trace cannot write ${path} (${code}); give a file in a folder that exists.`)
  }
}

function writeTrace(file: number, trace: readonly TraceEvent[]): void {
  for (const event of trace) writeSync(file, `${JSON.stringify(event)}\n`)
  closeSync(file)
}

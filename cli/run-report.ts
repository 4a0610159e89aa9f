/** A run in text, for a person: a head, numbers, the verdict, and for `weir simulate` the recoveries as bars. */
import { phasesOf, seedFormulaMs, timesOf } from '../engine/metrics/recovery-durations.ts'
import { initializationTable } from './initialization-report.ts'
import type { Plan, Recovery, RecoveryDurations, SimulationResult } from '../sim/index.ts'
import { MUTANTS } from '../sim/index.ts'
import { actionOutcomeWords, actionWords } from './action-words.ts'
import { faultWords, outcomeWords } from './fault-words.ts'
import type { RunRequest } from './run-request.ts'
import { count, labelled, milliseconds, paint, plural, printable, table } from './terminal.ts'

type Row = readonly [label: string, text: string]

/** 0 for a run that passed, else 1. */
export function exitCodeOf({ verdict }: SimulationResult): number {
  return verdict.outcome === 'passed' ? 0 : 1
}

/** One line: which job runs on what. */
export function headOf({ plan, input, lines }: RunRequest, result: SimulationResult): string {
  const { topology } = result
  const what =
    input === null ? `generated lines, seed ${plan.seed}` : `lines of ${printable(input.path)}`
  const subtasks = Math.max(...topology.vertices.map((vertex) => vertex.subtasks.length))
  const bug = plan.mutant === undefined ? [] : [paint('yellow', `with the bug ${plan.mutant}`)]
  return [
    paint('bold', printable(topology.job)),
    `${count(lines.length)} ${what}`,
    `${plural(topology.workers.length, 'worker')}, parallelism ${subtasks}`,
    ...bug,
  ].join('  ·  ')
}

/** The numbers of a run and the verdict. */
export function numbersOf(result: SimulationResult): string[] {
  const { summary } = result
  const { checkpoints, malformed, records } = summary
  const written = `${count(records)} in, ${count(summary.outputs - malformed)} out`
  const rows: Row[] = [
    ['records', malformed === 0 ? written : `${written}, ${count(malformed)} malformed`],
    ...keysRow(result),
    ['checkpoints', `${checkpoints.completed} completed, ${checkpoints.aborted} aborted`],
    [
      'crashes',
      `${plural(summary.crashes, 'crash', 'crashes')}, ${plural(summary.restarts, 'restart')}`,
    ],
    ...(summary.recovery === null ? [] : [recoveryRow(summary.recovery)]),
    ...verdictRows(result),
  ]
  return labelled(rows)
}

/** What became of every action and every fault of the plan. */
export function faultsOf({ plan, faults, actions }: SimulationResult): string[] {
  const done = actions.flatMap((report, index): Row[] => {
    const action = plan.actions?.[index]
    if (action === undefined) return []
    const words = actionOutcomeWords(report)
    const shown = report.outcome === 'done' ? words : paint('yellow', words)
    return [['actions', `${actionWords(action)}: ${shown}`]]
  })
  const rows = faults.map((report, index): Row => {
    const fault = plan.faults[index]
    const words = outcomeWords(report)
    const shown = report.outcome === 'fired' ? words : paint('yellow', words)
    return ['faults', `${fault === undefined ? report.kind : faultWords(fault)}: ${shown}`]
  })
  return labelled([...done, ...rows])
}

/** Every recovery, with its four parts as bars on one scale. */
export function recoveriesOf({ summary }: SimulationResult): string[][] {
  return summary.recoveries.map((recovery) => {
    const at = milliseconds(recovery.failedAt)
    const head = `  ${paint('bold', 'recovery')}  ${printable(recovery.reason)} at ${at} ms`
    return [
      head,
      ...recoveryBars(recovery),
      ...recoveryTimes(recovery, summary.checkpointIntervalMs),
      ...initializationTable(recovery.initializations),
    ]
  })
}

/** The keys with the largest totals. */
export function topOf({ plan, summary }: SimulationResult): string[] {
  const rows = summary.top.map(({ key, total }) => [`  ${printable(key)}`, count(total)])
  if (rows.length === 0) return []
  const head = [
    `  ${paint('dim', `top ${rows.length}`)}`,
    paint('dim', wordsFor(plan).unit || 'total'),
  ]
  return table([head, ...rows], [1])
}

/** The first malformed records: where they stood, and what they were. */
export function malformedOf({ summary }: SimulationResult): string[] {
  const rows = summary.malformedSample.map((line) => {
    const [, partition, offset, value] = /^(\d+)@(\d+): (.*)$/s.exec(line) ?? []
    const place = partition === undefined ? '' : `partition ${partition} offset ${offset ?? ''}`
    return [`  ${place}`, `"${printable(value ?? line).slice(0, 80)}"`]
  })
  const { malformed } = summary
  if (rows.length === 0) return []
  const head = rows.length < malformed ? `malformed, the first ${rows.length}` : 'malformed'
  return [`  ${paint('dim', head)}`, ...table(rows)]
}

/** Whether the run is the one that its link promised. */
export function hashRows(traceHash: string, expected: string | null): Row[] {
  if (expected === null) return [['trace hash', traceHash]]
  if (expected === traceHash)
    return [['trace hash', `${traceHash}, the one that the link promised`]]
  const warning = `${traceHash}, but the link promised ${expected}: this is not the same version`
  return [['trace hash', paint('yellow', warning)]]
}

function keysRow({ plan, summary: { keys, totalBytes } }: SimulationResult): Row[] {
  if (keys === 0) return []
  const { keysName, unit } = wordsFor(plan)
  return [[keysName, `${count(keys)}, together ${count(totalBytes)} ${unit}`.trimEnd()]]
}

/** What the keys and totals of a job are called. */
function wordsFor({ job }: Plan): { readonly keysName: string; readonly unit: string } {
  const isTraffic = 'builtin' in job && job.builtin === 'traffic-statistics'
  return isTraffic ? { keysName: 'addresses', unit: 'bytes' } : { keysName: 'keys', unit: '' }
}

function recoveryRow(durations: RecoveryDurations): Row {
  const { detectMs, restartMs, restoreMs, catchUpMs } = durations
  const total = detectMs + restartMs + restoreMs + catchUpMs
  return [
    'recovery',
    `${milliseconds(total)} ms = detect ${milliseconds(detectMs)} + restart ${milliseconds(restartMs)}` +
      ` + restore ${milliseconds(restoreMs)} + catch-up ${milliseconds(catchUpMs)}`,
  ]
}

function verdictRows({ plan, verdict, summary, mutantHits }: SimulationResult): Row[] {
  const { lost, duplicated, uncertainKeys } = summary
  const counts = `${count(lost)} lost, ${count(duplicated)} duplicated`
  const unsure = uncertainKeys === 0 ? '' : `, ${plural(uncertainKeys, 'key')} not judged`
  const rows: Row[] =
    verdict.outcome === 'passed'
      ? [
          [
            'verdict',
            `${paint('green', paint('bold', 'PASSED'))}  exactly once: ${counts}${unsure}`,
          ],
        ]
      : [
          [
            'verdict',
            `${paint('red', paint('bold', 'VIOLATED'))}  ${verdict.outcome}: ${counts}${unsure}`,
          ],
        ]
  for (const { topic, reason } of summary.unjudgedTopics) {
    rows.push(['not judged', printable(`${topic}: ${reason}`)])
  }
  for (const { invariant, message } of verdict.violations) {
    rows.push(['violations', `${paint('red', invariant)}  ${printable(message)}`])
  }
  if (plan.mutant === undefined) return rows
  const hits = mutantHits === 0 ? 'never reached' : `reached ${plural(mutantHits, 'time')}`
  return [...rows, ['bug', `${plan.mutant}, ${hits} (${MUTANTS[plan.mutant]})`]]
}

const BAR_WIDTH = 48

function recoveryBars(recovery: Recovery): string[] {
  const durations = phasesOf(recovery)
  if (durations === null) {
    const words = recovery.restarts === 0 ? 'the job went on' : 'not finished when the run ended'
    return [`    ${paint('yellow', words)}`]
  }
  const parts = [
    ['detect', durations.detectMs, 'red'],
    ['cancel', durations.cancelMs, 'yellow'],
    ['delay', durations.delayMs, 'yellow'],
    ['redeploy', durations.redeployMs, 'yellow'],
    ['restore', durations.restoreMs, 'cyan'],
    ['replay', durations.replayMs, 'green'],
    ['catch-up', durations.catchUpMs, 'green'],
  ] as const
  const total = parts.reduce((sum, [, duration]) => sum + duration, 0)
  let before = 0
  const rows = parts.map(([name, duration, style]) => {
    const start = Math.round((before / total) * BAR_WIDTH)
    before += duration
    const end = Math.round((before / total) * BAR_WIDTH)
    const shown = end > start ? '█'.repeat(end - start) : '▏'
    return [`    ${name}`, milliseconds(duration), 'ms', ' '.repeat(start) + paint(style, shown)]
  })
  return table([...rows, ['    total', milliseconds(total), 'ms', '']], [1])
}

/** RT1 to RT3 beside the formula that is often quoted for one of them, without saying for which. */
function recoveryTimes(recovery: Recovery, intervalMs: number | null): string[] {
  const times = timesOf(recovery)
  const phases = phasesOf(recovery)
  if (times === null || phases === null) return []
  const { rt1Ms, rt2Ms, rt3Ms } = times
  const rows = [
    ['    RT1', milliseconds(rt1Ms), 'ms', 'until every subtask runs'],
    ['    RT2', milliseconds(rt2Ms), 'ms', 'until it stands where it stood at the failure'],
    ['    RT3', milliseconds(rt3Ms), 'ms', 'until nothing is left to catch up with'],
  ]
  if (intervalMs === null) return table(rows, [1])
  const formula = seedFormulaMs(intervalMs, phases.restoreMs)
  const words =
    `interval ${milliseconds(intervalMs)} + restore ${milliseconds(phases.restoreMs)}: ` +
    `${ofTime(formula, rt2Ms)} of RT2, ${ofTime(formula, rt3Ms)} of RT3`
  return table([...rows, ['    formula', milliseconds(formula), 'ms', words]], [1])
}

function ofTime(formula: number, time: number): string {
  return time === 0 ? 'undefined times' : `${(formula / time).toFixed(2)} times`
}
